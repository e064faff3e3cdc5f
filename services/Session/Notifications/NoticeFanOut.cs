namespace AgentPlatform.Sessions;

/// <summary>Makes a delivery of each notice for every webhook that wants it, in the transaction that takes the notice away. Several instances share the work.</summary>
public sealed partial class NoticeFanOut(
    Database database, NoticeStore notices, DeliveryStore deliveries, Wakeups wakeups, TimeProvider clock, ILogger<NoticeFanOut> log) : BackgroundService
{
    // With a hundred webhooks at most, this bounds what a transaction inserts.
    private const int BatchNotices = 100;
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var wakeup = wakeups.Listen(NoticeStore.Topic);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await FanOutAsync(stoppingToken) == BatchNotices) { }
                await wakeup.WaitAsync(stoppingToken);
            }
            // This process stops.
            catch (Exception) when (stoppingToken.IsCancellationRequested) { return; }
            // Whatever it is, the notices are safe in their table, and the service itself is well: say so, wait, try again.
            catch (Exception e)
            {
                Failed(log, e);
                await Task.Delay(PauseAfterFailure, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<int> FanOutAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var taken = await notices.TakeAsync(work, BatchNotices);
        if (taken.Count == 0)
            return 0;
        deliveries.Add(work, [.. taken.Where(t => t.WebhookId is not null).Select(t => (t.Notice, t.WebhookId!.Value))]);
        await work.CommitAsync();
        return taken.DistinctBy(t => t.Notice.Id).Count();
    }

    [LoggerMessage(LogLevel.Warning, "Notices could not be handed to their webhooks; it is tried again")]
    private static partial void Failed(ILogger log, Exception exception);
}
