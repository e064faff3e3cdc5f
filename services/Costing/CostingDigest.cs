using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgentPlatform.Costings;

/// <summary>
/// SHA-256 over what a decider sees of a costing. The README describes the encoding for those who want to compute it
/// themselves; a change of it needs a new <see cref="Scheme"/>, so that old digests stay what they are.
/// </summary>
public static class CostingDigest
{
    private const string Scheme = "agentplatform.costing.digest.v1";

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public static string Of(CostingRecord costing)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, Scheme);
        Add(hash, costing.Id.ToString());
        Add(hash, costing.BookingRef);
        Add(hash, costing.SessionId?.ToString() ?? "");
        Add(hash, costing.AgentId);
        Add(hash, costing.Lines.Count);
        foreach (var line in costing.Lines)
        {
            Add(hash, line.Sku);
            Add(hash, line.QuantityMilli);
            Add(hash, line.UnitPrice);
            Add(hash, line.PriceVersion);
            Add(hash, line.Amount);
        }
        Add(hash, costing.Total);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // A netstring: the length in front lets no two different contents have the same bytes, whatever they contain.
    private static void Add(IncrementalHash hash, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length}:")));
        hash.AppendData(bytes);
        hash.AppendData(","u8);
    }

    private static void Add(IncrementalHash hash, long value) => Add(hash, value.ToString(CultureInfo.InvariantCulture));

    private static void Add(IncrementalHash hash, Amount amount)
    {
        var money = amount.ToMoney();
        Add(hash, money.CurrencyCode);
        Add(hash, money.Units);
        Add(hash, money.Nanos);
    }
}
