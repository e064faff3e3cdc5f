using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>
/// Takes the ticks of schedules. A tick's tasks, the note of it and the next tick are one unit of work under the schedule's row: several instances share the
/// schedules, each tick is taken once, and one that an instance died over is still due.
/// </summary>
public sealed partial class ScheduleSweeper(
    Database database, ScheduleStore store, ScheduleRuns runs, ScheduleRunStore runStore, ScheduleMetrics metrics, ScheduleSettings settings, TimeProvider clock,
    ILogger<ScheduleSweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    private const int DueBatch = 200;
    private const int RemoveBatch = 1_000;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        List<Guid> due = [Guid.Empty];
        do
        {
            due = await ListDueAsync(due[^1], cancellation);
            // Instances that look at the same moment begin with different ones.
            var order = due.ToArray();
            Random.Shared.Shuffle(order);
            foreach (var id in order)
                await AdvanceAllAsync(id, cancellation);
        } while (due.Count == DueBatch);
        while (await RemoveAsync(cancellation) == RemoveBatch) { }
    }

    private async Task<List<Guid>> ListDueAsync(Guid after, CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        return await store.ListDueAsync(work, after, DueBatch);
    }

    private async Task AdvanceAllAsync(Guid id, CancellationToken cancellation)
    {
        try
        {
            while (await AdvanceAsync(id, cancellation)) { }
        }
        // One that cannot be taken now is due at the next turn, and keeps no other one waiting until then.
        catch (Exception e) when (e is NpgsqlException or PlatformException or TimeoutException) { CannotTake(log, id, e); }
    }

    // False when there is nothing to do for now.
    private async Task<bool> AdvanceAsync(Guid id, CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        if (await store.FindDueAsync(work, id) is not { } schedule)
            return false;
        var noted = new List<ScheduleRunRecord?>();
        if (Timetable.Of(schedule.Content) is not { } timetable)
        {
            // An instance whose zones are older, or not installed. To look again each second would help nobody; a person will.
            store.Change(work, ScheduleRules.Pause(schedule, ScheduleRules.ZoneUnknown, database.Now));
            work.Audit("schedule.pause", $"schedule/{id}", [("name", schedule.Name), ("reason", ScheduleRules.ZoneUnknown), ("time_zone", schedule.Content.TimeZone)]);
        }
        else
        {
            var step = ScheduleRules.Next(schedule, timetable, database.Now, settings.MissedAfter);
            if (step.SkipFrom is { } from)
                noted.Add(runs.Skip(work, schedule, from, step.SkipUntil));
            if (step.Tick is { } tick)
                noted.Add(await runs.TakeAsync(work, schedule, tick, step.Next));
            store.MoveOnTo(work, id, step.Tick, step.Next);
        }
        await work.CommitAsync();
        foreach (var run in noted.OfType<ScheduleRunRecord>())
            metrics.Taken(run);
        return true;
    }

    private async Task<int> RemoveAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var removed = await runStore.RemoveAsync(work, RemoveBatch);
        if (removed > 0)
        {
            work.Audit("schedule.remove_runs", "schedule", [("count", $"{removed}")]);
            await work.CommitAsync();
        }
        return removed;
    }

    [LoggerMessage(LogLevel.Warning, "Cannot take the tick of schedule {Schedule}; it is tried again at the next turn")]
    private static partial void CannotTake(ILogger log, Guid schedule, Exception exception);
}
