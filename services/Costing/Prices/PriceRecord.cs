using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Costings;

/// <summary>A row of <c>costing.pricing_catalog</c>: one version of a SKU's price.</summary>
public sealed record PriceRecord(PriceTerms Terms, long Version, DateTimeOffset SetAt, string SetBy, string Reason, Guid? PriceListId, bool Withdrawn)
{
    public string Sku => Terms.Sku;

    public Price ToProto() => new()
    {
        Sku = Terms.Sku,
        Description = Terms.Description,
        Unit = Terms.Unit,
        UnitPrice = Terms.UnitPrice.ToMoney(),
        Category = Terms.Category,
        ValidFrom = OrganisationCalendar.Text(Terms.ValidFrom),
        ValidTo = Terms.ValidTo is { } last ? OrganisationCalendar.Text(last) : "",
        Version = Version,
        SetTime = SetAt.ToTimestamp(),
        SetBy = SetBy,
        Reason = Reason,
        PriceListId = PriceListId?.ToString() ?? "",
        Withdrawn = Withdrawn,
    };
}
