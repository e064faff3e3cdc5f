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

    /// <summary>Whose time counts.</summary>
    protected TimeProvider Clock => clock;

    /// <summary>Carries what there is, or a batch of it; true when there may be more at once. What it throws leaves the rows where they are.</summary>
    protected abstract Task<bool> RelayAsync(CancellationToken cancellation);

    /// <summary>Waits until there may be more.</summary>
    protected abstract Task WaitAsync(CancellationToken cancellation);

    /// <inheritdoc />
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await RelayAsync(stoppingToken))
                    failures = 0;
                failures = 0;
                await WaitAsync(stoppingToken);
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
