using System.Globalization;
using AgentPlatform.Contracts.Type.V1;

namespace AgentPlatform.Costings;

/// <summary>
/// An exact amount of money, counted in billionths of the currency's unit. 128 bits hold every product and sum that the
/// limits of this service allow (price 10²² × quantity 10⁹ × discount 10⁴ = 10³⁵, the type ends at 1.7·10³⁸), so nothing
/// here can overflow; whether a result may be stored is asked afterwards, with <see cref="IsWithinLimit"/>.
/// </summary>
public readonly record struct Amount(string Currency, Int128 Nanos)
{
    /// <summary>The largest whole units of an amount, either way.</summary>
    public const long MaximumUnits = 9_999_999_999_999;

    public const int MaximumNanos = 999_999_999;

    private const int NanosPerUnit = 1_000_000_000;
    private const int NanoDigits = 9;

    private static readonly Int128 MaximumTotalNanos = (Int128)MaximumUnits * NanosPerUnit + MaximumNanos;

    /// <summary>Whether the amount can be stored and sent.</summary>
    public bool IsWithinLimit => Int128.Abs(Nanos) <= MaximumTotalNanos;

    /// <summary>Whether the amount can be paid: no finer than the currency's minor unit.</summary>
    public bool IsWholeMinorUnits => Nanos % MinorUnitNanos(Currency) == 0;

    /// <summary>Takes a message whose parts were checked.</summary>
    public static Amount Of(Money money) => new(money.CurrencyCode, (Int128)money.Units * NanosPerUnit + money.Nanos);

    /// <summary>Takes what a numeric(22, 9) column holds.</summary>
    public static Amount Of(string currency, decimal value) => new(currency, (Int128)(value * NanosPerUnit));

    /// <summary>The amount as a numeric(22, 9) column holds it: exact within the limit, whose 22 digits fit a decimal's 28.</summary>
    public decimal ToDecimal() => (decimal)Nanos / NanosPerUnit;

    /// <summary>The amount as a message; within the limit.</summary>
    public Money ToMoney() => new()
    {
        CurrencyCode = Currency,
        Units = (long)(Nanos / NanosPerUnit),
        Nanos = (int)(Nanos % NanosPerUnit),
    };

    /// <summary>
    /// The amount times a fraction, rounded once to the minor unit, ties to the even one: over many lines the
    /// roundings cancel out, where rounding ties up would always favour the seller.
    /// </summary>
    public Amount Times(Int128 numerator, int denominator)
    {
        var minorUnit = MinorUnitNanos(Currency);
        var divisor = minorUnit * denominator;
        var product = Nanos * numerator;
        var (minorUnits, rest) = Int128.DivRem(product, divisor);
        var twiceRest = Int128.Abs(rest) * 2;
        if (twiceRest > divisor || (twiceRest == divisor && Int128.IsOddInteger(minorUnits)))
            minorUnits += Int128.Sign(product);
        return this with { Nanos = minorUnits * minorUnit };
    }

    /// <summary>The amount times a fraction of a power of ten, for people, with all its digits; not negative.</summary>
    public string ExactTimes(Int128 numerator, int powerOfTen)
    {
        var (whole, rest) = Int128.DivRem(Nanos * numerator, (Int128)NanosPerUnit * powerOfTen);
        var digits = NanoDigits + powerOfTen.ToString(CultureInfo.InvariantCulture).Length - 1;
        var fraction = rest.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0').TrimEnd('0').PadRight(Currencies.MinorDigits(Currency), '0');
        return fraction.Length == 0 ? $"{Currency} {whole}" : $"{Currency} {whole}.{fraction}";
    }

    /// <summary>The sum of amounts of one currency.</summary>
    public static Amount Sum(string currency, IEnumerable<Amount> amounts) =>
        new(currency, amounts.Aggregate(Int128.Zero, (sum, amount) => sum + amount.Nanos));

    /// <summary>For people, for example "ZAR 1250.00"; within the limit.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Currency} {ToDecimal().ToString($"F{Currencies.MinorDigits(Currency)}", CultureInfo.InvariantCulture)}");

    /// <summary>For people, with all its digits and at least those of its minor unit: "USD 0.0000025"; within the limit.</summary>
    public string ToExactText()
    {
        var minor = Currencies.MinorDigits(Currency);
        var form = $"0.{new string('0', minor)}{new string('#', NanoDigits - minor)}";
        return $"{Currency} {ToDecimal().ToString(form, CultureInfo.InvariantCulture)}";
    }

    private static Int128 MinorUnitNanos(string currency)
    {
        var nanos = Int128.One;
        for (var digit = Currencies.MinorDigits(currency); digit < NanoDigits; digit++)
            nanos *= 10;
        return nanos;
    }
}
