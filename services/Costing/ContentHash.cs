using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgentPlatform.Costings;

/// <summary>
/// SHA-256 over fields, each as a netstring: the length in front lets no two different contents have the same bytes, whatever they contain. The first
/// field names the scheme, so that digests of different kinds never agree.
/// </summary>
public sealed class ContentHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public ContentHash(string scheme) => Add(scheme);

    public void Dispose() => _hash.Dispose();

    public ContentHash Add(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        _hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length}:")));
        _hash.AppendData(bytes);
        _hash.AppendData(","u8);
        return this;
    }

    public ContentHash Add(long value) => Add(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Three fields: currency code, units, nanos.</summary>
    public ContentHash Add(Amount amount)
    {
        var money = amount.ToMoney();
        return Add(money.CurrencyCode).Add(money.Units).Add(money.Nanos);
    }

    /// <summary>A day, or the empty string for none.</summary>
    public ContentHash Add(DateOnly? day) => Add(day is { } given ? OrganisationCalendar.Text(given) : "");

    /// <summary>64 lower-case hexadecimal digits; the end of it.</summary>
    public string ToHex() => Convert.ToHexStringLower(_hash.GetHashAndReset());
}
