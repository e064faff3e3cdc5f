using System.Diagnostics.Metrics;

namespace AgentPlatform.Sessions;

/// <summary>How deliveries go.</summary>
public sealed class WebhookMetrics
{
    /// <summary>Counting the backlog stops here.</summary>
    public const int CountedDeliveries = 10_000;

    private readonly Counter<long> _attempts;
    private readonly Counter<long> _deadLetters;
    private int _queued;
    private int _dead;

    public WebhookMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Telemetry.MeterName);
        _attempts = meter.CreateCounter<long>("agentplatform.webhooks.attempts", "{attempt}", "Attempts at deliveries, by their outcome.");
        _deadLetters = meter.CreateCounter<long>("agentplatform.webhooks.dead_letters", "{delivery}", "Deliveries that were given up.");
        meter.CreateObservableGauge("agentplatform.webhooks.queued", () => Volatile.Read(ref _queued), "{delivery}", $"Deliveries that wait, counted up to {CountedDeliveries}.");
        meter.CreateObservableGauge("agentplatform.webhooks.dead", () => Volatile.Read(ref _dead), "{delivery}", $"Dead letters that are kept, counted up to {CountedDeliveries}.");
    }

    public void Attempted(bool isDelivered) => _attempts.Add(1, new KeyValuePair<string, object?>("outcome", isDelivered ? "delivered" : "failed"));

    public void GivenUp(int count) => _deadLetters.Add(count);

    /// <summary>Notes what the sweeper has seen.</summary>
    public void Seen(int queued, int dead)
    {
        Volatile.Write(ref _queued, queued);
        Volatile.Write(ref _dead, dead);
    }
}
