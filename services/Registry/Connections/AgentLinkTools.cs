namespace AgentPlatform.Registry;

/// <summary>What every stream of an agent uses.</summary>
public sealed record AgentLinkTools(
    Database Database, AgentStore Agents, AgentViews Views, Heartbeats Heartbeats, LeaseStore Leases, AgentTasks Tasks, HeldTasks Held, Dispatcher Dispatcher);
