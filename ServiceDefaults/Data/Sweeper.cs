using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Work that falls due by the clock, in small batches so that no lock is held for long. Every instance sweeps: what they sweep is theirs to share, by
/// SKIP LOCKED. A turn that fails is logged, and what it was to do is still due at the next.
/// </summary>
/// <param name="every">How long between two turns.</param>
/// <param name="clock">Whose time counts.</param>
/// <param name="log">Where a failed turn is told.</param>
public abstract partial class Sweeper(TimeSpan every, TimeProvider clock, ILogger log) : BackgroundService
{
    /// <summary>Does all that is due now.</summary>
    protected abstract Task SweepAsync(CancellationToken cancellation);

    /// <inheritdoc />
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            // The database is away, or has no connection free; the rows are still there at the next turn.
            catch (Exception e) when (e is NpgsqlException or PlatformException or TimeoutException) { Failed(log, GetType().Name, e); }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Sweeper} failed; it is tried again at the next turn")]
    private static partial void Failed(ILogger log, string sweeper, Exception exception);
}
