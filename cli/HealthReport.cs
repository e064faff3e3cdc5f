namespace AgentPlatform.Cli;

/// <summary>The gateway's answer at /health.</summary>
/// <param name="Status">Healthy; Degraded: it serves, with something amiss; Unhealthy: it cannot serve.</param>
/// <param name="Checks">The same by service, and by what the gateway itself needs.</param>
public sealed record HealthReport(string Status, IReadOnlyDictionary<string, string> Checks)
{
    public const string Healthy = "Healthy";

    public bool IsHealthy => Status == Healthy;
}
