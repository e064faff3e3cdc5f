using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Costings;

/// <summary>What a price may be. No I/O.</summary>
public static class PriceRules
{
    public const int DescriptionMaximumCharacters = 500;
    public const int UnitMaximumCharacters = 32;

    public static PriceTerms Read(SetPriceRequest request, DateOnly today)
    {
        var price = new ProposedPrice
        {
            Sku = request.Sku,
            Description = request.Description,
            Unit = request.Unit,
            UnitPrice = request.UnitPrice,
            Category = request.Category,
            ValidFrom = request.ValidFrom,
            ValidTo = request.ValidTo,
        };
        var checks = new FieldChecks().Price(price, today, out var terms).Words("reason", request.Reason, CostingChecks.ReasonMaximumCharacters);
        checks.ThrowIfAny();
        return terms;
    }

    public static DateOnly Read(WithdrawPriceRequest request, DateOnly today)
    {
        new FieldChecks().Sku("sku", request.Sku).Words("reason", request.Reason, CostingChecks.ReasonMaximumCharacters)
            .OptionalDay("valid_from", request.ValidFrom, out var day).ThrowIfAny();
        return day ?? today;
    }

    public static DateOnly Read(GetPriceRequest request, DateOnly today)
    {
        new FieldChecks().Sku("sku", request.Sku).OptionalDay("date", request.Date, out var day).ThrowIfAny();
        return day ?? today;
    }

    public static DateOnly Read(ListPricesRequest request, DateOnly today)
    {
        new FieldChecks().OptionalDay("date", request.Date, out var day).OptionalName("category", request.Category).ThrowIfAny();
        return day ?? today;
    }

    /// <summary>All of a price that is to be; what it gives back makes sense when nothing was noted.</summary>
    public static FieldChecks Price(this FieldChecks checks, ProposedPrice price, DateOnly today, out PriceTerms terms)
    {
        checks
            .Sku("sku", price.Sku)
            .Words("description", price.Description, DescriptionMaximumCharacters)
            .Words("unit", price.Unit, UnitMaximumCharacters)
            .Payable("unit_price", price.UnitPrice, out var unitPrice)
            .OptionalName("category", price.Category)
            .OptionalDay("valid_from", price.ValidFrom, out var from)
            .OptionalDay("valid_to", price.ValidTo, out var to)
            .Require(to is null || to >= (from ?? today), "valid_to", "is before the first day");
        terms = new PriceTerms(price.Sku, price.Description, price.Unit, unitPrice, price.Category, from ?? today, to);
        return checks;
    }

    public static PlatformException NotFound(string sku, DateOnly day) =>
        Errors.NotFound("PRICE_NOT_FOUND", $"The catalogue has no price of {sku} on {OrganisationCalendar.Text(day)}.");
}
