using System.Globalization;

namespace AgentPlatform.Costings;

/// <summary>The arithmetic of a costing in words, with exact numbers in between. No I/O.</summary>
public static class CostingSteps
{
    private const int Milli = 1_000;

    /// <summary>From the price to the amount and its tax.</summary>
    public static IEnumerable<string> Of(CostingLineRecord line, string unit, int taxMillipercent)
    {
        var price = line.UnitPrice;
        yield return $"{Decimal(line.QuantityMilli, Milli)} {unit} × {price} = {price.ExactTimes(line.QuantityMilli, Milli)}";
        if (line.DiscountBasisPoints > 0)
        {
            var share = (Int128)line.QuantityMilli * (CostingRules.MaximumDiscountBasisPoints - line.DiscountBasisPoints);
            yield return $"less {Decimal(line.DiscountBasisPoints, 100)} % = {price.ExactTimes(share, Milli * CostingRules.MaximumDiscountBasisPoints)}";
        }
        yield return $"rounded half-even to {line.Amount}";
        yield return $"tax of {Decimal(taxMillipercent, Milli)} % = {line.Amount.ExactTimes(taxMillipercent, CostingSettings.WholeMillipercent)}, rounded half-even to {line.Tax}";
    }

    /// <summary>From the lines to the total.</summary>
    public static IEnumerable<string> Of(CostingRecord costing)
    {
        yield return $"amounts of {costing.Lines.Count} lines = {costing.NetTotal}";
        yield return $"taxes of {costing.Lines.Count} lines = {costing.TaxTotal}";
        yield return $"{costing.NetTotal} + {costing.TaxTotal} = {costing.Total}";
    }

    // A quotient by a power of ten is exact as a decimal.
    private static string Decimal(long number, int divisor) => ((decimal)number / divisor).ToString("0.###", CultureInfo.InvariantCulture);
}
