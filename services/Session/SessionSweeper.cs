using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>Ends sessions that were left alone, and removes those that ended long ago, in small batches so that no lock is held for long.</summary>
public sealed partial class SessionSweeper(
    Database database, SessionStore store, SessionSettings settings, TimeProvider clock, ILogger<SessionSweeper> log) : BackgroundService
{
    private const int ExpireBatch = 100;

    // The ids of a batch are in its audit entry, which has room for so many.
    private const int RemoveBatch = 25;
    private const int RemoveBatchEvents = 20_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(settings.SweepEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await ExpireAsync(stoppingToken) == ExpireBatch) { }
                while (await RemoveAsync(stoppingToken) > 0) { }
            }
            // The database is away; the rows are still there at the next tick.
            catch (Exception e) when (e is NpgsqlException or PlatformException or TimeoutException) { Failed(log, e); }
        }
    }

    private async Task<int> ExpireAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var expired = await store.ExpireAsync(work, ExpireBatch);
        foreach (var session in expired)
        {
            work.Audit("session.expire", $"session/{session.Id}", [("role", session.Role), ("agent_id", session.AgentId), ("expire_time", $"{session.ExpiresAt:O}")]);
            work.Wake(SessionRules.TopicOf(session.Id));
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

    [LoggerMessage(LogLevel.Warning, "Sweeping sessions failed; it is tried again at the next turn")]
    private static partial void Failed(ILogger log, Exception exception);
}
