using System.Buffers;

namespace AgentPlatform.Audit.Redaction;

/// <summary>Keys of APIs: of a known form, or of any form after a name such as <c>api_key=</c>.</summary>
public static class SecretRule
{
    private const int SpacesMaximum = 2;

    // Whether it is a key shows within these many characters. Only then is it read to its end: what is read in vain must be short, or
    // "sk-sk-sk-…" would be read to the end from each of its parts.
    private const int TrialCharacters = 96;

    // What a name stands before; shorter ones are more often words of a sentence about keys.
    private static readonly SecretForm Named = new("", 16, SecretPrefixes.TokenCharacters);

    /// <summary>A key whose prefix or name begins there.</summary>
    public static bool TryMatch(ref ScannedText text, int at, out Match match)
    {
        foreach (var form in SecretPrefixes.Forms)
        {
            if (text.Text[at..].StartsWith(form.Prefix, StringComparison.Ordinal) && text.StartsWord(at))
                return TryMatch(ref text, at, form, out match);
        }
        foreach (var name in SecretPrefixes.Names)
        {
            if (text.Text[at..].StartsWith(name, StringComparison.OrdinalIgnoreCase))
                return TryMatchNamed(ref text, at + name.Length, out match);
        }
        match = default;
        return false;
    }

    /// <summary>The whole text, when its context says that it is a key.</summary>
    public static bool TryMatchWhole(ref ScannedText text, out Match match)
    {
        match = default;
        if (text.Context.IsEmpty)
            return false;
        foreach (var name in SecretPrefixes.Names)
        {
            if (text.Context.Contains(name, StringComparison.OrdinalIgnoreCase))
                return TryMatchValue(ref text, 0, out match) && match.End == text.Text.Length;
        }
        return false;
    }

    private static bool TryMatch(ref ScannedText text, int at, SecretForm form, out Match match)
    {
        var found = TryRead(ref text, at + form.Prefix.Length, form, out var end);
        match = new Match(RedactionKind.ApiKey, at, end);
        return found;
    }

    // What stands between name and value: api_key=…, "apiKey": "…", API-Key: '…'.
    private static bool TryMatchNamed(ref ScannedText text, int at, out Match match)
    {
        match = default;
        at = SkipQuote(ref text, at);
        at = SkipSpaces(ref text, at);
        if (text[at] is not (':' or '='))
            return false;
        at = SkipSpaces(ref text, at + 1);
        return TryMatchValue(ref text, SkipQuote(ref text, at), out match);
    }

    private static bool TryMatchValue(ref ScannedText text, int start, out Match match)
    {
        var found = TryRead(ref text, start, Named, out var end);
        match = new Match(RedactionKind.ApiKey, start, end);
        return found;
    }

    private static bool TryRead(ref ScannedText text, int start, SecretForm form, out int end)
    {
        var (hasDigit, hasLetter) = (false, false);
        for (end = start; end - start < TrialCharacters && form.Alphabet.Contains(text[end]); end++)
        {
            hasDigit |= char.IsAsciiDigit(text.Text[end]);
            hasLetter |= char.IsAsciiLetter(text.Text[end]);
        }
        if (end - start < form.Minimum || !hasDigit || !hasLetter)
            return false;
        if (form.Exact)
            return end - start == form.Minimum && !text.IsWordAt(end);
        while (form.Alphabet.Contains(text[end]))
            end++;
        return true;
    }

    private static int SkipQuote(ref ScannedText text, int at)
    {
        // JSON inside a text comes with its quotes escaped.
        if (text[at] == '\\')
            at++;
        return text[at] is '"' or '\'' ? at + 1 : at;
    }

    private static int SkipSpaces(ref ScannedText text, int at)
    {
        for (var i = 0; i < SpacesMaximum && text[at] == ' '; i++)
            at++;
        return at;
    }
}
