namespace AgentPlatform.Costings;

/// <summary>A line of a proposal, checked: what is to be priced, and on which day.</summary>
public sealed record LineRequest(string Sku, DateOnly Day, long QuantityMilli, int DiscountBasisPoints);
