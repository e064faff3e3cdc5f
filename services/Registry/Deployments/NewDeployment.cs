namespace AgentPlatform.Registry;

/// <summary>What a deployment is made of, checked.</summary>
public sealed record NewDeployment(
    Guid PackageId, string Selection, int[] Rings, TimeSpan RingPause, int MaxFailurePercent, TimeSpan InstallTimeout, Guid? RollbackOf = null);
