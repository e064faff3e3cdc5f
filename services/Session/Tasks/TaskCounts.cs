namespace AgentPlatform.Sessions;

/// <summary>A session's tasks: how many are open, how many have ended, and the mean of how far they are, in percent.</summary>
public sealed record TaskCounts(long Open, long Ended, int Percent);
