namespace AgentPlatform.Costings;

/// <summary>The prices that the catalogue has for the lines of a proposal, by the line's number from 1; lines without one are missing.</summary>
public sealed record LinePrices(IReadOnlyDictionary<long, LinePrice> ByNumber);
