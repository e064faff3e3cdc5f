namespace AgentPlatform.Registry;

/// <summary>An open stream by which an agent takes tasks.</summary>
/// <param name="Epoch">The agent's, by which it has come.</param>
/// <param name="Link">The stream's number among the agent's; the last one alone is given tasks.</param>
/// <param name="MaxInFlight">How many tasks the agent holds at most.</param>
public sealed record AgentStream(long Epoch, long Link, int MaxInFlight);
