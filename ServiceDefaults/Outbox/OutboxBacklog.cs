using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AgentPlatform;

/// <summary>
/// How much waits in the outbox, and for how long. A backlog makes the service degraded and never dead: it does its work, only
/// the audit log does not yet tell of it.
/// </summary>
public sealed class OutboxBacklog : IHealthCheck
{
    /// <summary>Counting stops here: beyond it only the age matters.</summary>
    public const int CountedEntries = 10_000;

    private static readonly TimeSpan DegradedAfter = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private int _entries;
    private TimeSpan _age;

    public OutboxBacklog(IMeterFactory meters)
    {
        var meter = meters.Create(Telemetry.MeterName);
        meter.CreateObservableGauge("agentplatform.outbox.entries", () => Read().Entries, "{entry}", $"Audit entries that wait, counted up to {CountedEntries}.");
        meter.CreateObservableGauge("agentplatform.outbox.age", () => Read().Age.TotalSeconds, "s", "How long the oldest of them has waited.");
    }

    /// <summary>Notes what the relay has seen.</summary>
    public void Seen(int entries, TimeSpan age)
    {
        lock (_gate)
            (_entries, _age) = (entries, age);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (entries, age) = Read();
        return Task.FromResult(age < DegradedAfter ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"{entries} audit entries wait, the oldest for {age.TotalSeconds:0} s."));
    }

    private (int Entries, TimeSpan Age) Read()
    {
        lock (_gate)
            return (_entries, _age);
    }
}
