namespace AgentPlatform.Costings;

/// <summary>What of a price goes into a line.</summary>
public sealed record LinePrice(string Description, Amount UnitPrice, long Version);
