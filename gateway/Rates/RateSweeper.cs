namespace AgentPlatform.Gateway;

/// <summary>Has the limiter forget, every now and then.</summary>
internal sealed class RateSweeper(RateLimiter limiter, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            limiter.Sweep();
    }
}
