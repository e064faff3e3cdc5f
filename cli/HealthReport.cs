namespace AgentPlatform.Cli;

/// <summary>The gateway's answer at /health.</summary>
/// <param name="Status">Healthy; Degraded: it serves, with something amiss; Unhealthy: it cannot serve.</param>
/// <param name="Checks">The same by service, and by what the gateway itself needs.</param>
public sealed record HealthReport(string Status, IReadOnlyDictionary<string, string> Checks)
{
    // Whether the gateway itself takes calls, which its own status says already.
    private const string OwnReadiness = "serving";

    /// <summary>The checks that speak of a service.</summary>
    public IEnumerable<KeyValuePair<string, string>> Services => Checks.Where(c => c.Key != OwnReadiness).OrderBy(c => c.Key, StringComparer.Ordinal);

    public const string Healthy = "Healthy";

    public bool IsHealthy => Status == Healthy;
}
