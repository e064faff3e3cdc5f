namespace AgentPlatform.Registry;

/// <summary>A stream that has become its agent's only one.</summary>
/// <param name="Agent">The agent as it is now.</param>
/// <param name="Link">The stream's number among the agent's.</param>
/// <param name="HoldsTasks">Whether the agent holds anything, from streams before.</param>
public sealed record Arrival(AgentRecord Agent, long Link, bool HoldsTasks);
