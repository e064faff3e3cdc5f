namespace AgentPlatform.Registry;

/// <summary>
/// Moves running deployments on: gives up on agents that are not done in time, opens rings, completes, and aborts where too many fail. Several instances share the
/// work; each step is one unit of work under the deployment's row, so it is taken once.
/// </summary>
public sealed class DeploymentSweeper(
    Database database, DeploymentStore store, InstallStore installs, DeploymentSettings settings, TimeProvider clock, ILogger<DeploymentSweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        foreach (var id in await RunningAsync(cancellation))
            while (await AdvanceAsync(id, cancellation)) { }
    }

    private async Task<List<Guid>> RunningAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        return await store.RunningAsync(work);
    }

    // False when there is nothing to do for now.
    private async Task<bool> AdvanceAsync(Guid id, CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        if (await store.FindRunningAsync(work, id) is not { } deployment)
            return false;
        var isLate = database.Now >= deployment.RingOpenedAt + deployment.InstallTimeout;
        var givenUp = isLate ? await installs.TimeOutAsync(work, id, deployment.CurrentRing) : [];
        var ring = await installs.CountRingAsync(work, id, deployment.CurrentRing);
        // Without a commit nothing has happened, which is right when there was nothing; agents that were given up move their ring in any case.
        if (DeploymentRules.Advance(deployment, ring, database.Now) is not { } moved)
            return false;
        store.Change(work, moved);
        work.Audit("deployment.advance", $"deployment/{id}",
            [("status", DeploymentRules.NameOf(moved.Status)), ("ring", $"{moved.CurrentRing}"), ("ring_before", $"{deployment.CurrentRing}"), ("ring_agents", $"{ring.Total}"),
                ("ring_failed", $"{ring.Failed}"), ("ring_timed_out", $"{givenUp.Count}"), ("reason", moved.Reason)]);
        await work.CommitAsync();
        return true;
    }
}
