using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentPlatform;

/// <summary>
/// Carries what is in a table to another service, for as long as the process lives. While the other one is away the rows wait, and the tries become fewer.
/// </summary>
/// <param name="clock">Whose time counts.</param>
/// <param name="log">Where a failed try is told.</param>
public abstract partial class Relay(TimeProvider clock, ILogger log) : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // What this instance has committed meanwhile is to be carried soon.
    private static readonly TimeSpan OthersTurn = TimeSpan.FromMilliseconds(50);

    private const string TakeTurn = "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/relay/' || $1, 0))";

    /// <summary>Whose time counts.</summary>
    protected TimeProvider Clock => clock;

    /// <summary>Carries what there is, or a batch of it. What it throws leaves the rows where they are.</summary>
    protected abstract Task<RelayOutcome> RelayAsync(CancellationToken cancellation);

    /// <summary>Waits until there may be more.</summary>
    protected abstract Task WaitAsync(CancellationToken cancellation);

    /// <summary>
    /// Whether this instance carries the rows of the service's table <paramref name="table"/>, until the end of <paramref name="work"/>: under this lock it reads them, and it deletes them when they have
    /// arrived. To delete first would be one statement less, and keep Postgres from clearing away what everybody deletes while the other service is waited for.
    /// </summary>
    protected static async Task<bool> IsOurTurnAsync(UnitOfWork work, string table) =>
        (await work.QueryAsync(TakeTurn, row => row.GetBoolean(0), table)).Single();

    /// <inheritdoc />
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var outcome = await RelayAsync(stoppingToken);
                failures = 0;
                if (outcome == RelayOutcome.Done)
                    await WaitAsync(stoppingToken);
                else if (outcome == RelayOutcome.OthersTurn)
                    await Task.Delay(OthersTurn, stoppingToken);
            }
            // This process stops; what was not acknowledged is still in the table.
            catch (Exception) when (stoppingToken.IsCancellationRequested) { return; }
            // Whatever it is, the rows are safe in the table and the service itself is well: say so, wait, try again.
            catch (Exception e)
            {
                var pause = PauseAfter(++failures);
                Failed(log, e, GetType().Name, pause.TotalSeconds);
                await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // Doubles from half a second; the jitter keeps instances from knocking in step.
    private static TimeSpan PauseAfter(int failures)
    {
        var seconds = Math.Min(LongestPause.TotalSeconds, 0.5 * Math.Pow(2, Math.Min(failures, 10) - 1));
        return TimeSpan.FromSeconds(seconds * (0.75 + Random.Shared.NextDouble() / 2));
    }

    [LoggerMessage(LogLevel.Warning, "{Relay} could not carry on; what it has to carry waits, and the next try is in {Seconds:0.0} s")]
    private static partial void Failed(ILogger log, Exception exception, string relay, double seconds);
}
