namespace AgentPlatform.Sessions;

/// <summary>
/// Removes deliveries that ended long ago, and what belongs to removed webhooks; gives up what waits for a webhook that is off until its time is over; looks how much waits.
/// </summary>
public sealed class WebhookSweeper(
    Database database, DeliveryStore deliveries, WebhookStore webhooks, WebhookMetrics metrics, WebhookSettings settings, TimeProvider clock, ILogger<WebhookSweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    private const int Batch = 500;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        metrics.GivenUp(await DoAllAsync(work => deliveries.GiveUpWaitingAsync(work, settings.RetryFor, Batch), cancellation));
        await DoAllAsync(work => deliveries.RemoveAsync(work, settings.Retention, Batch), cancellation);
        await DoAllAsync(work => deliveries.RemoveOfRemovedAsync(work, Batch), cancellation);
        await using var last = await database.BeginAsync(cancellation);
        webhooks.Forget(last);
        var (queued, dead) = await deliveries.CountAsync(last, WebhookMetrics.CountedDeliveries);
        await last.CommitAsync();
        metrics.Seen(queued, dead);
    }

    private async Task<int> DoAllAsync(Func<UnitOfWork, Task<int>> batch, CancellationToken cancellation)
    {
        var all = 0;
        while (true)
        {
            await using var work = await database.BeginAsync(cancellation);
            var done = await batch(work);
            if (done > 0)
                await work.CommitAsync();
            all += done;
            if (done < Batch)
                return all;
        }
    }
}
