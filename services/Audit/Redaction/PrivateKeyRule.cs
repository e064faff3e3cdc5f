namespace AgentPlatform.Audit.Redaction;

/// <summary>Private keys in PEM form (RFC 7468), also with line breaks written as \n, and also cut off before their end.</summary>
public static class PrivateKeyRule
{
    private const string Dashes = "-----";
    private const string End = "-----END ";
    private const string PrivateKey = "PRIVATE KEY";
    private const int LabelMaximumCharacters = 40;
    private const int CutOffMinimumCharacters = 32;

    /// <summary>A key whose first line begins there.</summary>
    /// <param name="text">The text.</param>
    /// <param name="at">Where to look.</param>
    /// <param name="hasNoMoreEnds">Set once it is known that no last line comes any more, so that it is looked for once and not per first line.</param>
    /// <param name="match">The key with its first and last line.</param>
    public static bool TryMatch(ref ScannedText text, int at, ref bool hasNoMoreEnds, out Match match)
    {
        match = default;
        if (!text.Text[at..].StartsWith(SecretPrefixes.PemBegin, StringComparison.Ordinal) || !TryReadLabel(ref text, at + SecretPrefixes.PemBegin.Length, out var body))
            return false;

        var end = hasNoMoreEnds ? -1 : text.Text[body..].IndexOf(End, StringComparison.Ordinal);
        text.Examined += hasNoMoreEnds ? 0 : end < 0 ? text.Text.Length - body : end;
        if (end >= 0)
        {
            var last = body + end + End.Length;
            match = new Match(RedactionKind.PrivateKey, at, TryReadLabel(ref text, last, out var after) ? after : last);
            return true;
        }

        hasNoMoreEnds = true;
        var cut = body;
        while (IsBody(text[cut]))
            cut++;
        match = new Match(RedactionKind.PrivateKey, at, cut);
        return cut - body >= CutOffMinimumCharacters;
    }

    private static bool TryReadLabel(ref ScannedText text, int start, out int after)
    {
        var end = start;
        while (end - start < LabelMaximumCharacters && text[end] is ' ' or >= 'A' and <= 'Z' or >= '0' and <= '9')
            end++;
        after = end + Dashes.Length;
        return text.Text[start..end].IndexOf(PrivateKey, StringComparison.Ordinal) >= 0 && text.Text[end..].StartsWith(Dashes, StringComparison.Ordinal);
    }

    private static bool IsBody(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '/' or '=' or '\\' or '\r' or '\n';
}
