namespace AgentPlatform;

/// <summary>Section <c>Drain</c>: how a process stops.</summary>
public sealed class DrainSettings
{
    /// <summary>How long calls are still taken after readiness has gone. Longer than the probes of a load balancer are apart.</summary>
    public TimeSpan ReadinessLead { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long calls in flight are waited for. Together with the lead, less than the 10 s after which the AppHost ends a process hard.</summary>
    public TimeSpan InFlight { get; init; } = TimeSpan.FromSeconds(8);
}
