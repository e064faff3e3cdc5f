using System.Buffers;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Type.V1;

namespace AgentPlatform.Costings;

/// <summary>What a price may be. No I/O.</summary>
public static class PriceRules
{
    public const int SkuMaximumCharacters = 64;
    public const int DescriptionMaximumCharacters = 500;
    public const int UnitMaximumCharacters = 32;
    public const int ReasonMaximumCharacters = 1_000;

    private static readonly SearchValues<char> SkuCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    public static void Check(SetPriceRequest request, out Amount unitPrice) => new FieldChecks()
        .Sku("sku", request.Sku)
        .Words("description", request.Description, DescriptionMaximumCharacters)
        .Words("unit", request.Unit, UnitMaximumCharacters)
        .Price("unit_price", request.UnitPrice, out unitPrice)
        .Words("reason", request.Reason, ReasonMaximumCharacters)
        .ThrowIfAny();

    /// <summary>A SKU: 1–64 of [A-Za-z0-9_.-].</summary>
    public static FieldChecks Sku(this FieldChecks checks, string field, string value) => value.Length == 0
        ? checks.Require(false, field, "is required")
        : checks.Require(value.Length <= SkuMaximumCharacters && !value.AsSpan().ContainsAnyExcept(SkuCharacters), field, "must be 1–64 of [A-Za-z0-9_.-]");

    /// <summary>Text that says something: at least one character that is not white space.</summary>
    public static FieldChecks Words(this FieldChecks checks, string field, string value, int maximum) => string.IsNullOrWhiteSpace(value)
        ? checks.Require(false, field, "is required")
        : checks.Text(field, value, maximum);

    private static FieldChecks Price(this FieldChecks checks, string field, Money? money, out Amount price)
    {
        price = default;
        if (money is null)
            return checks.Require(false, field, "is required");
        if (!Currencies.IsCode(money.CurrencyCode))
            return checks.Require(false, $"{field}.currency_code", "must be three capital letters as in ISO 4217");
        if (money.Nanos is < -Amount.MaximumNanos or > Amount.MaximumNanos)
            return checks.Require(false, $"{field}.nanos", "must be −999,999,999 … 999,999,999");
        if (money is { Units: > 0, Nanos: < 0 } or { Units: < 0, Nanos: > 0 })
            return checks.Require(false, $"{field}.nanos", "has another sign than units");
        price = Amount.Of(money);
        return checks
            .Require(price.Nanos >= 0, field, "is negative")
            .Require(price.IsWithinLimit, $"{field}.units", $"is more than {Amount.MaximumUnits:N0}")
            .Require(price.IsWholeMinorUnits, $"{field}.nanos",
                $"is finer than the minor unit of {money.CurrencyCode}, which has {Currencies.MinorDigits(money.CurrencyCode)} digits after the point");
    }
}
