namespace AgentPlatform.Registry;

/// <summary>Makes deployments with their agents; the same for those that people plan and for those that undo one.</summary>
public sealed class DeploymentPlan(DeploymentStore store, InstallStore installs)
{
    /// <summary>Adds a pending deployment of a package whose row is held, for the agents that are then taken into it.</summary>
    /// <param name="work">Whose work it is.</param>
    /// <param name="given">What it is made of.</param>
    /// <param name="package">What it rolls out.</param>
    /// <param name="addAgents">Takes agents into the deployment of this id, and gives back how many.</param>
    /// <param name="nobody">The refusal when there are none.</param>
    public async Task<DeploymentRecord> MakeAsync(
        UnitOfWork work, NewDeployment given, PackageRecord package, Func<Guid, Task<int>> addAgents, Func<PlatformException> nobody)
    {
        DeploymentRules.CheckDeployable(package);
        var added = await store.AddAsync(work, given, package);
        var count = await addAgents(added.Id);
        if (count == 0)
            throw nobody();
        if (await installs.FindOverlapAsync(work, added.Id, package.Name) is { } other)
            throw DeploymentRules.Overlaps(other);
        work.Audit("deployment.create", $"deployment/{added.Id}",
            [("package_id", $"{package.Id}"), ("name", package.Name), ("version", package.Version), ("agents", $"{count}"), ("rings", string.Join(' ', given.Rings)),
                ("max_failure_percent", $"{given.MaxFailurePercent}"), ("rollback_of", $"{given.RollbackOf}")]);
        return store.SetAgentCount(work, added, count);
    }
}
