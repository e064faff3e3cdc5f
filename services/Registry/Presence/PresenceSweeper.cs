namespace AgentPlatform.Registry;

/// <summary>
/// Takes agents offline after their silence, and what they held of tasks with it. Never for a silence of the platform: it notes its own beat, and after a gap
/// every agent has its full silence again.
/// </summary>
public sealed class PresenceSweeper(
    Database database, Presence presence, PresenceStore store, LeaseStore leases, AgentTasks tasks, RegistrySettings settings, TimeProvider clock, ILogger<PresenceSweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    private const int ReapBatch = 500;
    private const int RemoveBatch = 1_000;

    // Before this time nobody can have been silent for long enough, so there is nothing to look for.
    private DateTimeOffset _nothingBefore = DateTimeOffset.MinValue;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        // What this instance knows must count before it judges.
        await presence.WriteAsync(cancellation);
        var upSince = await BeatAsync(cancellation);
        while (await RemoveAsync(cancellation) == RemoveBatch) { }
        if (database.Now - upSince < settings.OfflineAfter || database.Now < _nothingBefore && _nothingBefore - database.Now <= settings.OfflineAfter)
            return;
        while (await ReapAsync(cancellation) == ReapBatch) { }
    }

    private async Task<DateTimeOffset> BeatAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var upSince = await store.BeatPlatformAsync(work, settings.OutageAfter);
        await work.CommitAsync();
        return upSince;
    }

    private async Task<int> ReapAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var silent = await store.ReapAsync(work, database.Now - settings.OfflineAfter, ReapBatch);
        if (silent.Count == 0)
        {
            _nothingBefore = (await store.FindOldestAsync(work) ?? database.Now) + settings.OfflineAfter;
            return 0;
        }
        foreach (var task in await leases.FindHeldByAsync(work, [.. silent]))
            tasks.Change(work, AgentTaskRules.Lose(task, AgentTaskRules.AgentOffline, "The agent fell silent.", database.Now));
        foreach (var agentId in silent)
            work.Wake(AgentViews.Topics + agentId);
        work.Wake(AgentEvents.Topic);
        await work.CommitAsync();
        return silent.Count;
    }

    private async Task<int> RemoveAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var removed = await store.RemoveEventsAsync(work, database.Now - settings.EventRetention, RemoveBatch);
        if (removed > 0)
            await work.CommitAsync();
        return removed;
    }
}
