using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Costings;

/// <summary>A row of <c>costing.costing_lines</c>: what was asked for, and the price version that it was priced with.</summary>
public sealed record CostingLineRecord(
    string Sku, string Description, DateOnly Day, long QuantityMilli, int DiscountBasisPoints, Amount UnitPrice, long PriceVersion, Amount Amount, Amount Tax)
{
    public CostingLine ToProto() => new()
    {
        Sku = Sku,
        Description = Description,
        Date = OrganisationCalendar.Text(Day),
        QuantityMilli = QuantityMilli,
        DiscountBasisPoints = DiscountBasisPoints,
        UnitPrice = UnitPrice.ToMoney(),
        PriceVersion = PriceVersion,
        Amount = Amount.ToMoney(),
        Tax = Tax.ToMoney(),
    };
}
