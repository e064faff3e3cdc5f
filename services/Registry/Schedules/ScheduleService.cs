using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The RPCs of schedules. See schedule.proto for what each promises.</summary>
public sealed class ScheduleService(Database database, ScheduleStore store, ScheduleRuns runs, ScheduleRunStore runStore)
    : Contracts.Registry.V1.ScheduleService.ScheduleServiceBase
{
    public override async Task<CreateScheduleResponse> CreateSchedule(CreateScheduleRequest request, ServerCallContext context)
    {
        var content = ScheduleRules.Check(request, database.Now, out var first);

        await using var work = await database.BeginAsync(context);
        var schedule = store.Add(work, request.Name, content, request.Paused ? null : first);
        work.Audit("schedule.create", $"schedule/{schedule.Id}", Details(schedule));
        return await work.CommitAsync(new CreateScheduleResponse { Schedule = schedule.ToProto() });
    }

    public override async Task<GetScheduleResponse> GetSchedule(GetScheduleRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var schedule = await store.FindAsync(id, context) ?? throw ScheduleRules.NotFound(id);
        return new GetScheduleResponse { Schedule = schedule.ToProto() };
    }

    public override async Task<ListSchedulesResponse> ListSchedules(ListSchedulesRequest request, ServerCallContext context)
    {
        ScheduleRules.Check(request);
        bool? enabled = request.HasEnabled ? request.Enabled : null;
        var page = PageRequest.Read("schedules", request.PageSize, request.PageToken, request.Name, enabled);

        var (rows, next) = await store.ListAsync(page, request.Name, enabled, context);
        return new ListSchedulesResponse { Schedules = { rows.Select(s => s.ToProto()) }, NextPageToken = next };
    }

    public override async Task<UpdateScheduleResponse> UpdateSchedule(UpdateScheduleRequest request, ServerCallContext context)
    {
        ScheduleRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var changed = ScheduleRules.Apply(await FindToChangeAsync(work, id), request, database.Now);
        store.Change(work, changed);
        work.Audit("schedule.update", $"schedule/{id}", [.. Details(changed), ("fields", string.Join(' ', request.UpdateMask.Paths))]);
        return await work.CommitAsync(new UpdateScheduleResponse { Schedule = changed.ToProto() });
    }

    public override async Task<PauseScheduleResponse> PauseSchedule(PauseScheduleRequest request, ServerCallContext context)
    {
        ScheduleRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var schedule = await FindToChangeAsync(work, id);
        ScheduleRules.CheckVersion(schedule, request.Version);
        var paused = ScheduleRules.Pause(schedule, request.Reason, database.Now);
        if (paused != schedule)
        {
            store.Change(work, paused);
            work.Audit("schedule.pause", $"schedule/{id}", [("name", schedule.Name), ("reason", request.Reason)]);
        }
        return await work.CommitAsync(new PauseScheduleResponse { Schedule = paused.ToProto() });
    }

    public override async Task<ResumeScheduleResponse> ResumeSchedule(ResumeScheduleRequest request, ServerCallContext context)
    {
        ScheduleRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var schedule = await FindToChangeAsync(work, id);
        ScheduleRules.CheckVersion(schedule, request.Version);
        var resumed = ScheduleRules.Resume(schedule, database.Now);
        if (resumed != schedule)
        {
            store.Change(work, resumed);
            work.Audit("schedule.resume", $"schedule/{id}", [("name", schedule.Name), ("next", $"{resumed.NextAt:O}")]);
        }
        return await work.CommitAsync(new ResumeScheduleResponse { Schedule = resumed.ToProto() });
    }

    public override async Task<DeleteScheduleResponse> DeleteSchedule(DeleteScheduleRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        var name = await store.RemoveAsync(work, id) ?? throw ScheduleRules.NotFound(id);
        work.Audit("schedule.delete", $"schedule/{id}", [("name", name)]);
        return await work.CommitAsync(new DeleteScheduleResponse());
    }

    public override async Task<TriggerScheduleResponse> TriggerSchedule(TriggerScheduleRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        var run = await runs.TriggerAsync(work, await FindToChangeAsync(work, id));
        return await work.CommitAsync(new TriggerScheduleResponse { Run = run.ToProto() });
    }

    public override async Task<PreviewScheduleResponse> PreviewSchedule(PreviewScheduleRequest request, ServerCallContext context)
    {
        var (id, timetable, count, after) = ScheduleRules.Check(request, database.Now);
        if (id is { } known)
            timetable = ScheduleRules.TimetableOf(await store.FindAsync(known, context) ?? throw ScheduleRules.NotFound(known));

        var response = new PreviewScheduleResponse();
        for (var tick = timetable!.NextAfter(after); tick is { } time && response.Ticks.Count < count; tick = timetable.NextAfter(time))
            response.Ticks.Add(new ScheduleTick { Time = time.ToTimestamp(), LocalTime = $"{timetable.Local(time):yyyy-MM-dd'T'HH:mm:sszzz}" });
        return response;
    }

    public override async Task<ListScheduleRunsResponse> ListScheduleRuns(ListScheduleRunsRequest request, ServerCallContext context)
    {
        ScheduleRules.Check(request, out var id);
        var page = PageRequest.Read("schedule_runs", request.PageSize, request.PageToken, id, request.Outcome);

        _ = await store.FindAsync(id, context) ?? throw ScheduleRules.NotFound(id);
        var (rows, next) = page.Cut(await runStore.ListAsync(page, id, request.Outcome, context), r => new RunPlace(r.TickAt, r.Id).ToString());
        return new ListScheduleRunsResponse { Runs = { rows.Select(r => r.ToProto()) }, NextPageToken = next };
    }

    private async Task<ScheduleRecord> FindToChangeAsync(UnitOfWork work, Guid id) => await store.FindToChangeAsync(work, id) ?? throw ScheduleRules.NotFound(id);

    // What the task takes may be large, and may hold what the log should not; the schedule has it.
    private static (string, string)[] Details(ScheduleRecord schedule) =>
    [
        ("name", schedule.Name), ("cron", schedule.Content.Cron), ("time_zone", schedule.Content.TimeZone), ("missed_runs", EnumText.Of(schedule.Content.MissedRuns)),
        ("enabled", schedule.Enabled ? "true" : "false"), ("next", schedule.NextAt is { } next ? $"{next:O}" : ""),
    ];
}
