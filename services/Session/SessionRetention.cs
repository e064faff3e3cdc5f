using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>
/// Removes sessions that ended long ago, with their events, in small batches so that no lock is held for long. Each batch says in the audit
/// log how many went, and which. Several instances sweep side by side.
/// </summary>
public sealed partial class SessionRetention(Database database, SessionStore store, SessionSettings settings, TimeProvider clock, ILogger<SessionRetention> log)
    : BackgroundService
{
    private const int BatchSessions = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(settings.SweepEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await SweepAsync(stoppingToken) == BatchSessions) { }
            }
            // The database is away; the rows are still there at the next tick.
            catch (Exception e) when (e is NpgsqlException or PlatformException or TimeoutException) { Failed(log, e); }
        }
    }

    private async Task<int> SweepAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var removed = await store.RemoveEndedAsync(work, database.Now - settings.Retention, BatchSessions);
        // Without a commit nothing has happened, which is right when there was nothing.
        if (removed.Count == 0)
            return 0;
        work.Audit("session.remove", $"session/{removed[0]}", [("sessions", $"{removed.Count}"), ("ids", string.Join(' ', removed.Take(25)))]);
        foreach (var id in removed)
            work.Wake(SessionWatcher.TopicOf(Guid.Parse(id)));
        await work.CommitAsync();
        return removed.Count;
    }

    [LoggerMessage(LogLevel.Warning, "Removing old sessions failed; it is tried again at the next turn")]
    private static partial void Failed(ILogger log, Exception exception);
}
