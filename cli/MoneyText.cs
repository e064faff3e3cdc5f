using System.Globalization;
using AgentPlatform.Contracts.Type.V1;

namespace AgentPlatform.Cli;

/// <summary>Amounts of money between the contracts, decimals and words. Every amount of the contracts fits a decimal exactly.</summary>
public static class MoneyText
{
    private const decimal NanosPerUnit = 1_000_000_000m;

    /// <summary>"ZAR 14,200.00".</summary>
    public static string Of(Money? money) => money is null ? "" : string.Create(
        CultureInfo.InvariantCulture, $"{money.CurrencyCode} {money.Units + money.Nanos / NanosPerUnit:#,##0.00#######}");

    /// <summary>The amount as a message; billionths are the finest that it can hold.</summary>
    public static Money Parse(string currencyCode, decimal amount)
    {
        var units = decimal.Truncate(amount);
        return new Money { CurrencyCode = currencyCode, Units = (long)units, Nanos = (int)((amount - units) * NanosPerUnit) };
    }
}
