using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Costings;

/// <summary>A row of <c>costing.pricing_catalog</c>: one version of a SKU's price.</summary>
public sealed record PriceRecord(
    string Sku, long Version, string Description, string Unit, Amount UnitPrice, DateTimeOffset EffectiveAt, string SetBy)
{
    public Price ToProto() => new()
    {
        Sku = Sku,
        Description = Description,
        Unit = Unit,
        UnitPrice = UnitPrice.ToMoney(),
        Version = Version,
        EffectiveTime = EffectiveAt.ToTimestamp(),
        SetBy = SetBy,
    };
}
