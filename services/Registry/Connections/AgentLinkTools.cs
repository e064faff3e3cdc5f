namespace AgentPlatform.Registry;

/// <summary>What every stream of an agent uses.</summary>
public sealed record AgentLinkTools(
    Database Database, AgentStore Agents, AgentViews Views, Arrivals Arrivals, AgentTurns Turns, Heartbeats Heartbeats, LeaseStore Leases, AgentTasks Tasks, HeldTasks Held,
    Dispatcher Dispatcher, TimeProvider Clock, PoolSettings Pool)
{
    /// <summary>
    /// How much of what streams say is handled at a time: as much as may wait for agents' connections, with half of it left for calls. What comes beyond waits here, and
    /// with it the streams that it comes by, instead of being refused.
    /// </summary>
    public SemaphoreSlim Room { get; } = new(Math.Max(1, Pool.MaximumWaiting / 2));
}
