namespace AgentPlatform.Registry;

/// <summary>What became of points: how many were new, and how many were there before.</summary>
public sealed record TelemetryCounts(long Accepted, long Repeated);
