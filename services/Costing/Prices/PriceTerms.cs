using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Costings;

/// <summary>What a price says, whoever set it. <see cref="ValidTo"/> is the last day that it covers; null when there is none.</summary>
public sealed record PriceTerms(string Sku, string Description, string Unit, Amount UnitPrice, string Category, DateOnly ValidFrom, DateOnly? ValidTo)
{
    /// <summary>Whether it says the same of every day from the other's first one on.</summary>
    public bool SaysTheSame(PriceTerms other) => this with { ValidFrom = other.ValidFrom } == other;

    public ProposedPrice ToProto() => new()
    {
        Sku = Sku,
        Description = Description,
        Unit = Unit,
        UnitPrice = UnitPrice.ToMoney(),
        Category = Category,
        ValidFrom = OrganisationCalendar.Text(ValidFrom),
        ValidTo = ValidTo is { } last ? OrganisationCalendar.Text(last) : "",
    };
}
