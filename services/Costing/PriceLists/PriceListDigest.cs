namespace AgentPlatform.Costings;

/// <summary>SHA-256 over what a decider sees of a price list. The README describes the encoding; a change of it needs another scheme.</summary>
public static class PriceListDigest
{
    private const string Scheme = "agentplatform.price_list.digest.v1";

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public static string Of(PriceListRecord list, IReadOnlyCollection<PriceListLineRecord> lines)
    {
        using var hash = new ContentHash(Scheme);
        hash.Add(list.Id.ToString()).Add(list.Source).Add(list.Reason).Add(list.ProposedBy).Add(lines.Count);
        foreach (var (_, terms, change, baseVersion, comparedVersion, _) in lines)
        {
            hash.Add(terms.Sku).Add(terms.Description).Add(terms.Unit).Add(terms.UnitPrice).Add(terms.Category).Add(terms.ValidFrom).Add(terms.ValidTo)
                .Add(EnumText.Of(change)).Add(baseVersion).Add(comparedVersion);
        }
        return hash.ToHex();
    }
}
