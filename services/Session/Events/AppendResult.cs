namespace AgentPlatform.Sessions;

/// <summary>The sequence of the last of the appended events.</summary>
public sealed record AppendResult(long LastSequence);
