namespace AgentPlatform.Registry;

/// <summary>What a heartbeat is checked by, and what it answers: an agent as it stood some seconds ago at most.</summary>
public sealed record AgentView(
    AgentStanding Standing, bool IsOnline, int WaitingTasks, bool CanTakeTasks, IReadOnlyList<Guid> HeldTasks)
{
    /// <summary>When it was read, by the process's own count.</summary>
    public required long ReadAt { get; init; }

    /// <summary>Whether an agent at this epoch may live.</summary>
    public bool Admits(long epoch) => Standing.Admits(epoch);
}
