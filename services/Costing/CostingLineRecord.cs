using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Costings;

/// <summary>A row of <c>costing.costing_lines</c>: what was asked for, and the price version that it was priced with.</summary>
public sealed record CostingLineRecord(
    string Sku, string Description, long QuantityMilli, Amount UnitPrice, long PriceVersion, Amount Amount)
{
    public CostingLine ToProto() => new()
    {
        Sku = Sku,
        Description = Description,
        QuantityMilli = QuantityMilli,
        UnitPrice = UnitPrice.ToMoney(),
        PriceVersion = PriceVersion,
        Amount = Amount.ToMoney(),
    };
}
