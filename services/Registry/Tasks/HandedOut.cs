namespace AgentPlatform.Registry;

/// <summary>What a look for tasks has brought.</summary>
/// <param name="Tasks">The foremost first.</param>
/// <param name="Room">How many it could have been.</param>
/// <param name="Standing">The agent, as it stood; null when there is none.</param>
public sealed record HandedOut(List<AgentTaskRecord> Tasks, long Room, AgentStanding? Standing);
