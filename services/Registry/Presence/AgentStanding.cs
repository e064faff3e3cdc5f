using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>What a stream tells its agent, or ends for.</summary>
/// <param name="Epoch">Of the last registration.</param>
/// <param name="Status">What people have made of it.</param>
/// <param name="Link">The number of its last stream.</param>
/// <param name="ConfigVersion">Of its configuration; 0 without.</param>
/// <param name="CancelTasks">What it holds and is to stop.</param>
public sealed record AgentStanding(long Epoch, AgentStatus Status, long Link, long ConfigVersion, IReadOnlyList<Guid> CancelTasks)
{
    /// <summary>Whether an agent at this epoch may live.</summary>
    public bool Admits(long epoch) => Epoch == epoch && Status is (AgentStatus.Active or AgentStatus.Quarantined);
}
