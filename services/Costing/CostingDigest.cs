namespace AgentPlatform.Costings;

/// <summary>
/// SHA-256 over what a decider sees of a costing. The README describes the encoding for those who want to compute it
/// themselves; a change of it needs a new <see cref="Scheme"/>, so that old digests stay what they are.
/// </summary>
public static class CostingDigest
{
    private const string Scheme = "agentplatform.costing.digest.v2";

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public static string Of(CostingRecord costing)
    {
        using var hash = new ContentHash(Scheme);
        hash.Add(costing.Id.ToString()).Add(costing.BookingRef).Add(costing.SessionId?.ToString() ?? "").Add(costing.AgentId)
            .Add(costing.TaxMillipercent).Add(costing.Lines.Count);
        foreach (var line in costing.Lines)
        {
            hash.Add(line.Sku).Add(line.Day).Add(line.QuantityMilli).Add(line.DiscountBasisPoints).Add(line.UnitPrice).Add(line.PriceVersion)
                .Add(line.Amount).Add(line.Tax);
        }
        return hash.Add(costing.NetTotal).Add(costing.TaxTotal).Add(costing.Total).ToHex();
    }
}
