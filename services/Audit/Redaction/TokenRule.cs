using System.Buffers;

namespace AgentPlatform.Audit.Redaction;

/// <summary>Bearer tokens (RFC 6750) and JSON Web Tokens, signed, unsigned or encrypted (RFC 7519).</summary>
public static class TokenRule
{
    // "Bearer authentication", "bearer certificates": words are short and have no digits.
    private const int BearerMinimumCharacters = 16;
    private const int PartMinimumCharacters = 10;
    private const int PartsMaximum = 5;

    /// <summary>A token that begins there, or after the word "bearer" that does.</summary>
    public static bool TryMatch(ref ScannedText text, int at, out Match match)
    {
        match = default;
        if (text.Text[at..].StartsWith(SecretPrefixes.Bearer, StringComparison.OrdinalIgnoreCase))
            return text.StartsWord(at) && TryMatchBearer(ref text, at + SecretPrefixes.Bearer.Length, out match);
        return text.Text[at..].StartsWith(SecretPrefixes.Jwt, StringComparison.Ordinal) && text[at - 1] is not ('-' or '_') && text.StartsWord(at)
            && TryMatchJwt(ref text, at, out match);
    }

    private static bool TryMatchBearer(ref ScannedText text, int start, out Match match)
    {
        var end = start;
        var digits = 0;
        for (; SecretPrefixes.TokenCharacters.Contains(text[end]); end++)
            digits += text.IsDigitAt(end) ? 1 : 0;
        match = new Match(RedactionKind.Token, start, end);
        return end - start >= BearerMinimumCharacters && digits > 0;
    }

    private static bool TryMatchJwt(ref ScannedText text, int start, out Match match)
    {
        var at = start;
        var parts = 0;
        for (var last = false; !last && parts < PartsMaximum; parts++)
        {
            var end = at;
            while (SecretPrefixes.Base64Url.Contains(text[end]))
                end++;
            // The signature of an unsigned one is empty; header and claims never are.
            if (parts < 2 && end - at < PartMinimumCharacters)
                break;
            last = text[end] != '.';
            at = last ? end : end + 1;
        }
        // A full stop that ends the sentence is not the token's.
        match = new Match(RedactionKind.Token, start, parts > 2 && text[at - 1] == '.' ? at - 1 : at);
        return parts >= 2;
    }
}
