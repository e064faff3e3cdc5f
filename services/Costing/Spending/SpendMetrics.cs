using System.Diagnostics.Metrics;

namespace AgentPlatform.Costings;

/// <summary>How often agents are told no. Not one of these is on the audit log, which an agent in a loop would fill.</summary>
public sealed class SpendMetrics(IMeterFactory meters)
{
    private readonly Counter<long> _refused =
        meters.Create(Telemetry.MeterName).CreateCounter<long>("agentplatform.budgets.refused", "{reservation}", "Reservations that a budget did not allow.");

    public void Refused() => _refused.Add(1);
}
