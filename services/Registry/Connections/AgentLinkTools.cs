namespace AgentPlatform.Registry;

/// <summary>What every stream of an agent uses.</summary>
public sealed record AgentLinkTools(
    Database Database, AgentStore Agents, AgentViews Views, Heartbeats Heartbeats, LeaseStore Leases, AgentTasks Tasks, HeldTasks Held, Dispatcher Dispatcher, PoolSettings Pool)
{
    /// <summary>
    /// How much of what streams say is handled at a time: as much as may wait for agents' connections, with half of it left for calls. What comes beyond waits here, and
    /// with it the streams that it comes by, instead of being refused.
    /// </summary>
    public SemaphoreSlim Room { get; } = new(Math.Max(1, Pool.MaximumWaiting / 2));

    /// <summary>
    /// How many streams begin at a time: as many as agents have connections. When a whole fleet comes back at once, the others wait here for their welcome, instead of
    /// being turned away by a pool in which they have waited for too long.
    /// </summary>
    public SemaphoreSlim Beginnings { get; } = new(Pool.LimitOf(PoolTier.Agent));
}
