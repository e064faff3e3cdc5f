using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>Makes the tasks of a tick, or of a trigger, within the unit of work that notes it.</summary>
public sealed class ScheduleRuns(Database database, AgentTasks tasks, AgentTaskStore taskStore, AgentStore agents, ScheduleRunStore runs)
{
    private const int MessageMaximumCharacters = 2_048;

    /// <summary>Takes a tick that another one follows, or none: makes its tasks, or notes why not. One that was taken before is left as it is.</summary>
    public async Task TakeAsync(UnitOfWork work, ScheduleRecord schedule, DateTimeOffset tick, DateTimeOffset? next)
    {
        // Only where a clock had been wrong, and somebody then set the schedule right.
        if (await runs.IsTakenAsync(work, schedule.Id, tick))
            return;
        if (schedule.Content.Overlap is OverlapPolicy.Skip && await runs.HasOpenAsync(work, schedule.Id))
        {
            Skip(work, schedule, tick, next, ScheduleRules.StillOpen);
            return;
        }
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
        runs.Add(work, run);
        Tell(work, schedule, run);
    }

    /// <summary>Notes that ticks were left out.</summary>
    public void Skip(UnitOfWork work, ScheduleRecord schedule, DateTimeOffset from, DateTimeOffset? until, string reason = "")
    {
        var run = NewRun(schedule, from, triggeredBy: "") with { Outcome = ScheduleRunOutcome.Skipped, SkippedUntil = until, Reason = reason };
        runs.Add(work, run);
        Tell(work, schedule, run);
    }

    /// <summary>Makes the tasks now because the caller says so; refuses what CreateTask would.</summary>
    public async Task<ScheduleRunRecord> TriggerAsync(UnitOfWork work, ScheduleRecord schedule)
    {
        var run = NewRun(schedule, database.Now, work.Caller.Subject);
        run = await MakeAsync(work, schedule, run, $"schedule/{schedule.Id}/{run.Id}");
        runs.Add(work, run);
        Tell(work, schedule, run);
        return run;
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

    private static void Tell(UnitOfWork work, ScheduleRecord schedule, ScheduleRunRecord run) => work.Audit("schedule.run", $"schedule/{schedule.Id}",
        [("name", schedule.Name), ("tick", $"{run.TickAt:O}"), ("outcome", EnumText.Of(run.Outcome)), ("tasks", $"{run.TaskCount}"), ("parent_id", $"{run.ParentId}"),
            ("skipped_until", run.SkippedUntil is { } until ? $"{until:O}" : ""), ("reason", run.Reason)]);
}
