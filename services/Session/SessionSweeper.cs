namespace AgentPlatform.Sessions;

/// <summary>Ends sessions that were left alone, and removes those that ended long ago.</summary>
public sealed class SessionSweeper(
    Database database, SessionStore store, Notices notices, SessionSettings settings, TimeProvider clock, ILogger<SessionSweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    private const int ExpireBatch = 100;

    // The ids of a batch are in its audit entry, which has room for so many.
    private const int RemoveBatch = 25;
    private const int RemoveBatchEvents = 20_000;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        while (await ExpireAsync(cancellation) == ExpireBatch) { }
        while (await RemoveAsync(cancellation) > 0) { }
    }

    private async Task<int> ExpireAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var expired = await store.ExpireAsync(work, ExpireBatch);
        foreach (var session in expired)
        {
            work.Audit("session.expire", $"session/{session.Id}", [("role", session.Role), ("agent_id", session.AgentId), ("expire_time", $"{session.ExpiresAt:O}")]);
            work.Wake(SessionRules.TopicOf(session.Id));
            notices.SessionEnded(work, session);
        }
        if (expired.Count > 0)
            await work.CommitAsync();
        return expired.Count;
    }

    private async Task<int> RemoveAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var removed = await store.RemoveAsync(work, RemoveBatch, RemoveBatchEvents);
        if (removed.Count == 0)
            return 0;
        work.Audit("session.remove", "session", [("count", $"{removed.Count}"), ("ids", string.Join(' ', removed))]);
        await work.CommitAsync();
        return removed.Count;
    }
}
