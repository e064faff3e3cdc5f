using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>How many agents of a deployment are in which state.</summary>
/// <param name="Counts">By state.</param>
/// <param name="Reports">How often any of them has moved: it grows with every change.</param>
public sealed record DeploymentCounts(InstallCounts Counts, long Reports);
