using System.Globalization;
using System.Numerics;

namespace AgentPlatform.Registry;

/// <summary>
/// A number as it is written in JSON, <c>Digits × 10^Exponent</c>. By its binary value 0.3 is no multiple of 0.1; by what people write it is.
/// </summary>
public readonly record struct DecimalNumber(BigInteger Digits, int Exponent)
{
    public static DecimalNumber Of(double value)
    {
        // The shortest text that means this number: "-12.5", "1E-07".
        var parts = value.ToString("R", CultureInfo.InvariantCulture).Split('E');
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        var fraction = point < 0 ? 0 : parts[0].Length - point - 1;
        return new DecimalNumber(
            BigInteger.Parse(parts[0].Replace(".", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
            (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0) - fraction);
    }

    /// <summary>Exact. Exponents of doubles span some 650 digits at most, so the numbers stay small.</summary>
    public bool IsMultipleOf(DecimalNumber divisor)
    {
        var exponent = Math.Min(Exponent, divisor.Exponent);
        return (Scaled(exponent) % divisor.Scaled(exponent)).IsZero;
    }

    private BigInteger Scaled(int exponent) => Digits * BigInteger.Pow(10, Exponent - exponent);
}
