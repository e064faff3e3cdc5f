using System.Text.RegularExpressions;
using AgentPlatform.Audit.Redaction;

namespace AgentPlatform.Bench.Redact;

/// <summary>
/// The same kinds by regular expressions without backtracking: as plain as they can be, with no check digits and no near-misses weeded
/// out, so this is less than the scanner's work.
/// </summary>
public static class RegexRedactor
{
    private static readonly (Regex Form, string Placeholder)[] Forms =
    [
        (New("-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]*-----END [A-Z ]{0,20}PRIVATE KEY-----"), RedactionKind.PrivateKey.Placeholder()),
        (New(@"\beyJ[\w-]{10,}\.[\w-]{10,}(\.[\w-]*)?"), RedactionKind.Token.Placeholder()),
        (New($@"\b({string.Join('|', SecretPrefixes.Forms.Select(f => Regex.Escape(f.Prefix)))})[\w.-]{{16,}}"), RedactionKind.ApiKey.Placeholder()),
        (New(@"[\w.+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}"), RedactionKind.Email.Placeholder()),
        (New(@"\b[A-Z]{2}\d{2}( ?[A-Z0-9]){11,30}\b"), RedactionKind.Iban.Placeholder()),
        (New(@"\b\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}\b"), RedactionKind.Card.Placeholder()),
        (New(@"\b\d{3}-\d{2}-\d{4}\b"), RedactionKind.Ssn.Placeholder()),
        (New(@"\b\d{1,3}(\.\d{1,3}){3}\b|\b[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{0,4}){2,7}"), RedactionKind.Ip.Placeholder()),
        (New(@"\+\d[\d ()./-]{6,18}\d|\b\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b"), RedactionKind.Phone.Placeholder()),
    ];

    public static string Redact(string text)
    {
        foreach (var (form, placeholder) in Forms)
            text = form.Replace(text, placeholder);
        return text;
    }

    private static Regex New(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}
