using System.Text;
using System.Text.RegularExpressions;

namespace AgentPlatform.Vault.Tables;

/// <summary>Which encoding an XML document is in: what it declares, unless its bytes show that they are of another kind.</summary>
internal static partial class XmlEncoding
{
    private const int DeclarationBytes = 256;

    public static Encoding Of(ReadOnlySpan<byte> bytes)
    {
        var seen = TextEncoding.Of(bytes);
        if (TextEncoding.OfMark(bytes) is not null || !seen.IsSingleByte && seen is not UTF8Encoding)
            return seen;
        var declared = Declared().Match(Encoding.ASCII.GetString(bytes[..Math.Min(bytes.Length, DeclarationBytes)]));
        // Without a declaration, XML is UTF-8; that it is not is for the parser to find out. What declares itself as UTF-16 and has no second bytes is as it was seen.
        if (!declared.Success || declared.Groups[1].Value.StartsWith("utf-16", StringComparison.OrdinalIgnoreCase))
            return seen;
        try
        {
            return Encoding.GetEncoding(declared.Groups[1].Value);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw TableErrors.Malformed($"it is in the encoding {TableErrors.Shown(declared.Groups[1].Value)}, which is not known", e);
        }
    }

    [GeneratedRegex("""^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")]
    private static partial Regex Declared();
}
