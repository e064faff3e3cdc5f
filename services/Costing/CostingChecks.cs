using System.Buffers;
using AgentPlatform.Contracts.Type.V1;

namespace AgentPlatform.Costings;

/// <summary>Checks of the fields that prices, costings and budgets have in common.</summary>
public static class CostingChecks
{
    public const int SkuMaximumCharacters = 64;
    public const int ReasonMaximumCharacters = 1_000;
    private const int DigestCharacters = 64;

    private static readonly SearchValues<char> SkuCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    /// <summary>A SKU: 1–64 of [A-Za-z0-9_.-].</summary>
    public static FieldChecks Sku(this FieldChecks checks, string field, string value) => value.Length == 0
        ? checks.Require(false, field, "is required")
        : checks.Require(value.Length <= SkuMaximumCharacters && !value.AsSpan().ContainsAnyExcept(SkuCharacters), field, "must be 1–64 of [A-Za-z0-9_.-]");

    /// <summary>Text that says something: at least one character that is not white space.</summary>
    public static FieldChecks Words(this FieldChecks checks, string field, string value, int maximum) => string.IsNullOrWhiteSpace(value)
        ? checks.Require(false, field, "is required")
        : checks.Text(field, value, maximum);

    /// <summary>A lower-case name with dots, or nothing.</summary>
    public static FieldChecks OptionalName(this FieldChecks checks, string field, string value) =>
        value.Length == 0 ? checks : checks.DottedName(field, value);

    /// <summary>A SHA-256 as 64 hexadecimal digits.</summary>
    public static FieldChecks Digest(this FieldChecks checks, string field, string value) =>
        checks.Require(value.Length == DigestCharacters && value.All(char.IsAsciiHexDigit), field, "must be 64 hexadecimal digits");

    /// <summary>A day such as "2026-04-01", or nothing.</summary>
    public static FieldChecks OptionalDay(this FieldChecks checks, string field, string value, out DateOnly? day)
    {
        day = null;
        if (value.Length == 0)
            return checks;
        var isDay = OrganisationCalendar.TryRead(value, out var given);
        day = isDay ? given : null;
        return checks.Require(isDay, field, "must be a day such as 2026-04-01");
    }

    /// <summary>Money that is not negative, as fine as billionths.</summary>
    public static FieldChecks NotNegative(this FieldChecks checks, string field, Money? money, out Amount amount)
    {
        amount = default;
        if (money is null)
            return checks.Require(false, field, "is required");
        if (!Currencies.IsCode(money.CurrencyCode))
            return checks.Require(false, $"{field}.currency_code", "must be three capital letters as in ISO 4217");
        if (money.Nanos is < -Amount.MaximumNanos or > Amount.MaximumNanos)
            return checks.Require(false, $"{field}.nanos", "must be −999,999,999 … 999,999,999");
        if (money is { Units: > 0, Nanos: < 0 } or { Units: < 0, Nanos: > 0 })
            return checks.Require(false, $"{field}.nanos", "has another sign than units");
        amount = Amount.Of(money);
        return checks
            .Require(amount.Nanos >= 0, field, "is negative")
            .Require(amount.IsWithinLimit, $"{field}.units", $"is more than {Amount.MaximumUnits:N0}");
    }

    /// <summary>Money that can be paid: not negative, and no finer than the currency's minor unit.</summary>
    public static FieldChecks Payable(this FieldChecks checks, string field, Money? money, out Amount amount)
    {
        checks.NotNegative(field, money, out amount);
        return checks.Require(amount.Currency is null || amount.IsWholeMinorUnits, $"{field}.nanos",
            $"is finer than the minor unit of {money?.CurrencyCode}, which has {Currencies.MinorDigits(money?.CurrencyCode ?? "")} digits after the point");
    }
}
