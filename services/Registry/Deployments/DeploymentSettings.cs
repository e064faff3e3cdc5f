namespace AgentPlatform.Registry;

/// <summary>Section <c>Deployments</c>.</summary>
public sealed class DeploymentSettings
{
    /// <summary>How often running deployments are looked at: a ring opens, or a deployment stops, so long after its cause at the latest.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(1);
}
