namespace AgentPlatform.Registry;

/// <summary>One field's values in one window.</summary>
public sealed record WindowRow(DateTimeOffset StartsAt, string Field, double Min, double Max, double Avg, double Last, long Count);
