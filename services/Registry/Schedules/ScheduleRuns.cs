using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>Makes the tasks of a tick, or of a trigger, within the unit of work that notes it.</summary>
public sealed class ScheduleRuns(Database database, AgentTasks tasks, AgentTaskStore taskStore, AgentStore agents, ScheduleRunStore runs)
{
    private const int MessageMaximumCharacters = 2_048;

    /// <summary>Takes a tick that another one follows, or none: makes its tasks, or notes why not. One that was taken before is left as it is, and null.</summary>
    public async Task<ScheduleRunRecord?> TakeAsync(UnitOfWork work, ScheduleRecord schedule, DateTimeOffset tick, DateTimeOffset? next)
    {
        // No tick before the latest comes again, unless a clock had been wrong, and somebody then set the schedule right.
        if (tick <= schedule.LastAt && await runs.IsTakenAsync(work, schedule.Id, tick))
            return null;
        if (schedule.Content.Overlap is OverlapPolicy.Skip && await runs.HasOpenAsync(work, schedule.Id))
            return Skip(work, schedule, tick, next, ScheduleRules.StillOpen);
        var run = NewRun(schedule, tick, triggeredBy: "");
        try
        {
            run = await MakeAsync(work, schedule, run, ScheduleRules.OriginOf(schedule.Id, tick));
        }
        // Whoever refuses has written nothing yet, so the transaction is as good as before. The next tick may fare better.
        catch (PlatformException e) when (e.Code is StatusCode.FailedPrecondition or StatusCode.InvalidArgument)
        {
            var isNobody = e.Reason == AgentTaskRules.NoAgentMatchesReason;
            run = run with { Outcome = isNobody ? ScheduleRunOutcome.NobodyMatched : ScheduleRunOutcome.Failed, Reason = e.Reason, Message = e.Message[..Math.Min(e.Message.Length, MessageMaximumCharacters)] };
        }
        return Note(work, schedule, run);
    }

    /// <summary>Notes that ticks were left out.</summary>
    public ScheduleRunRecord Skip(UnitOfWork work, ScheduleRecord schedule, DateTimeOffset from, DateTimeOffset? until, string reason = "") =>
        Note(work, schedule, NewRun(schedule, from, triggeredBy: "") with { Outcome = ScheduleRunOutcome.Skipped, SkippedUntil = until, Reason = reason });

    /// <summary>Makes the tasks now because the caller says so; refuses what CreateTask would.</summary>
    public async Task<ScheduleRunRecord> TriggerAsync(UnitOfWork work, ScheduleRecord schedule)
    {
        var run = NewRun(schedule, database.Now, work.Caller.Subject);
        return Note(work, schedule, await MakeAsync(work, schedule, run, $"schedule/{schedule.Id}/{run.Id}"));
    }

    private async Task<ScheduleRunRecord> MakeAsync(UnitOfWork work, ScheduleRecord schedule, ScheduleRunRecord run, string origin)
    {
        var request = ScheduleRules.RequestOf(schedule.Content.ToProto().Template);
        var task = AgentTaskChecks.Read(request);
        if (request.All is { } selection)
        {
            // Many tasks cannot share an origin; that the tick has one run makes them once.
            var made = await tasks.CreateForAllAsync(work, selection, task with { ParentId = run.Id });
            return run with { TaskIds = [.. made.Take(ScheduleRunRecord.IdsMaximum)], TaskCount = made.Count, ParentId = run.Id };
        }
        if (task.Pool is { } pool)
            await tasks.CheckMatchedAsync(work, pool);
        else
            ScheduleRules.CheckMayGetTasks(await agents.FindAsync(work, task.AgentId!), task.AgentId!);
        var id = (await tasks.CreateAsync(work, task with { Origin = origin }))?.Id ?? (await taskStore.FindByOriginAsync(work, origin))?.Id;
        return run with { TaskIds = id is { } one ? [one] : [], TaskCount = id is null ? 0 : 1 };
    }

    private ScheduleRunRecord NewRun(ScheduleRecord schedule, DateTimeOffset tick, string triggeredBy)
    {
        var now = database.Now;
        return new ScheduleRunRecord(Guid.CreateVersion7(now), schedule.Id, tick, triggeredBy, ScheduleRunOutcome.Created, now);
    }

    private ScheduleRunRecord Note(UnitOfWork work, ScheduleRecord schedule, ScheduleRunRecord run)
    {
        runs.Add(work, run);
        work.Audit("schedule.run", $"schedule/{schedule.Id}",
            [("name", schedule.Name), ("tick", $"{run.TickAt:O}"), ("outcome", EnumText.Of(run.Outcome)), ("tasks", $"{run.TaskCount}"), ("parent_id", $"{run.ParentId}"),
                ("skipped_until", run.SkippedUntil is { } until ? $"{until:O}" : ""), ("reason", run.Reason)]);
        return run;
    }
}
