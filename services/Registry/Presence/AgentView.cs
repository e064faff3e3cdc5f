using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>What a heartbeat is checked by, and what it answers: an agent as it stood some seconds ago at most.</summary>
public sealed record AgentView(
    long Epoch, AgentStatus Status, long Link, bool IsOnline, long ConfigVersion, int WaitingTasks, bool CanTakeTasks, IReadOnlyList<Guid> HeldTasks, IReadOnlyList<Guid> CancelTasks)
{
    /// <summary>When it was read, by the process's own count.</summary>
    public required long ReadAt { get; init; }

    /// <summary>Whether an agent at this epoch may live.</summary>
    public bool Admits(long epoch) => Epoch == epoch && Status is (AgentStatus.Active or AgentStatus.Quarantined);
}
