using System.Threading.Channels;

namespace AgentPlatform.Sessions;

/// <summary>
/// Sends what is queued, at least once. Each turn is one unit of work: it writes down how attempts went, and takes what is due under a lease, for each webhook as
/// much as there is room for. Several instances share the queue; what one that died had taken comes back when its lease ends. What is in memory is bounded by webhooks times
/// attempts at once, however long a target fails.
/// </summary>
public sealed partial class WebhookDeliverer(
    Database database, DeliveryStore deliveries, WebhookStore webhooks, WebhookSender sender, WebhookMetrics metrics, WebhookSettings settings, Wakeups wakeups,
    TimeProvider clock, ILogger<WebhookDeliverer> log) : BackgroundService
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    // When this process is told to stop, attempts have so long to end; of those that do not, another instance makes the next when their lease ends.
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(3);

    // Without an outcome: abandoned at the stop.
    private readonly Channel<(DueDelivery Due, AttemptOutcome? Outcome)> _ended = Channel.CreateUnbounded<(DueDelivery, AttemptOutcome?)>();
    private readonly Dictionary<Guid, int> _runningByWebhook = [];
    private readonly List<AttemptOutcome> _unwritten = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var abandon = new CancellationTokenSource();
        using var wakeup = wakeups.Listen(DeliveryStore.Topic);
        // Both are kept over turns: what comes meanwhile is not lost, and no waiters pile up.
        Task? woken = null;
        Task? ended = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await TurnAsync(abandon.Token, stoppingToken)) { }
                woken ??= wakeup.WaitAsync(stoppingToken);
                ended ??= _ended.Reader.WaitToReadAsync(stoppingToken).AsTask();
                await Task.WhenAny(woken, ended);
                woken = woken.IsCompleted ? null : woken;
                ended = ended.IsCompleted ? null : ended;
            }
            // This process stops.
            catch (Exception) when (stoppingToken.IsCancellationRequested) { break; }
            // Whatever it is, the queue is safe in its table, and the service itself is well: say so, wait, try again.
            catch (Exception e)
            {
                Failed(log, e);
                await Task.Delay(PauseAfterFailure, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        await StopAsync(abandon);
    }

    // Gives back whether there may be more to do at once.
    private async Task<bool> TurnAsync(CancellationToken abandon, CancellationToken cancellation)
    {
        while (_ended.Reader.TryRead(out var ended))
            Take(ended);
        await using var work = await database.BeginAsync(cancellation);
        var givenUp = WriteDown(work);
        var due = await deliveries.ClaimAsync(work, settings.Lease, settings.AtOncePerTarget, _runningByWebhook);
        if (due.Count + _unwritten.Count == 0)
            return false;
        await DisableGoneAsync(work);
        await work.CommitAsync();
        Tell(givenUp);
        foreach (var delivery in due)
        {
            _runningByWebhook[delivery.WebhookId] = _runningByWebhook.GetValueOrDefault(delivery.WebhookId) + 1;
            _ = AttemptAsync(delivery, abandon);
        }
        return due.Count > 0;
    }

    private void Take((DueDelivery Due, AttemptOutcome? Outcome) ended)
    {
        if (--_runningByWebhook[ended.Due.WebhookId] == 0)
            _runningByWebhook.Remove(ended.Due.WebhookId);
        if (ended.Outcome is { } outcome)
            _unwritten.Add(outcome);
    }

    // Sent again when the commit fails: the second time changes nothing if the first one did after all.
    private HashSet<AttemptOutcome> WriteDown(UnitOfWork work)
    {
        var givenUp = new HashSet<AttemptOutcome>();
        foreach (var outcome in _unwritten)
        {
            DateTimeOffset? next = outcome.IsDelivered || outcome.IsGone ? null
                : RetryRules.Next(outcome.Due.QueuedAt, database.Now, settings.RetryFor, outcome.RetryAfter, Random.Shared.NextDouble());
            deliveries.Note(work, outcome, next);
            if (!outcome.IsDelivered && next is null)
                givenUp.Add(outcome);
        }
        return givenUp;
    }

    private async Task DisableGoneAsync(UnitOfWork work)
    {
        foreach (var (id, url) in _unwritten.Where(o => o.IsGone).Select(o => (o.Due.WebhookId, o.Due.Url)).Distinct())
        {
            if (await webhooks.DisableGoneAsync(work, id, url))
                work.Audit("webhook.disable", $"webhook/{id}", [("reason", "its receiver answered 410 Gone")]);
        }
    }

    private void Tell(HashSet<AttemptOutcome> givenUp)
    {
        foreach (var outcome in _unwritten)
        {
            metrics.Attempted(outcome.IsDelivered);
            if (givenUp.Contains(outcome))
                GivenUp(log, outcome.Due.Id, outcome.Due.EventType, outcome.Due.Host, outcome.Due.Attempt, outcome.Error);
        }
        metrics.GivenUp(givenUp.Count);
        _unwritten.Clear();
    }

    private async Task AttemptAsync(DueDelivery due, CancellationToken abandon)
    {
        AttemptOutcome? outcome = null;
        try { outcome = await sender.SendAsync(due, abandon); }
        catch (OperationCanceledException) { }
        finally { _ended.Writer.TryWrite((due, outcome)); }
    }

    private async Task StopAsync(CancellationTokenSource abandon)
    {
        abandon.CancelAfter(StopGrace);
        while (_runningByWebhook.Count > 0)
            Take(await _ended.Reader.ReadAsync(CancellationToken.None));
        if (_unwritten.Count == 0)
            return;
        try
        {
            await using var work = await database.BeginAsync(CancellationToken.None);
            var givenUp = WriteDown(work);
            await DisableGoneAsync(work);
            await work.CommitAsync();
            Tell(givenUp);
        }
        // Then what is not written down is sent once more, by another instance.
        catch (Exception e) { Failed(log, e); }
    }

    [LoggerMessage(LogLevel.Warning, "Deliveries of webhooks could not be taken or written down; it is tried again")]
    private static partial void Failed(ILogger log, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Delivery {Id} of {Type} to {Host} is a dead letter after attempt {Attempt}: {Error}")]
    private static partial void GivenUp(ILogger log, Guid id, string type, string host, int attempt, string error);
}
