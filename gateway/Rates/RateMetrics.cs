using System.Diagnostics.Metrics;

namespace AgentPlatform.Gateway;

/// <summary>How many calls the limit refused.</summary>
public sealed class RateMetrics(IMeterFactory meters)
{
    private readonly Counter<long> _refused = meters.Create(Telemetry.MeterName)
        .CreateCounter<long>("agentplatform.gateway.rate_limited", "{call}", "Calls that were refused because their caller had called too often, by budget.");

    public void Refused(string policy) => _refused.Add(1, new KeyValuePair<string, object?>("policy", policy));
}
