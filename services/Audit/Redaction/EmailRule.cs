namespace AgentPlatform.Audit.Redaction;

/// <summary>Mail addresses, in any script, also with "%40" as they stand in addresses of web pages. Not with a quoted local part.</summary>
public static class EmailRule
{
    private const string EscapedAt = "%40";
    private const int LocalMaximumCharacters = 64;
    private const int DomainMaximumCharacters = 253;
    private const int TopLevelMinimumCharacters = 2;

    /// <summary>An address whose at sign is there.</summary>
    public static bool TryMatch(ref ScannedText text, int at, out Match match)
    {
        match = default;
        var isEscaped = text[at] == '%';
        if (isEscaped && !text.Text[at..].StartsWith(EscapedAt, StringComparison.Ordinal))
            return false;

        var start = at;
        while (at - start < LocalMaximumCharacters && IsLocal(text[start - 1]))
            start--;
        // Punctuation around an address is not its own.
        while (start < at && !ScannedText.IsWord(text[start]) && text[start] != '_')
            start++;
        if (start == at || text[at - 1] == '.')
            return false;

        var domain = at + (isEscaped ? EscapedAt.Length : 1);
        if (!TryReadDomain(ref text, domain, out var end))
            return false;
        match = new Match(RedactionKind.Email, start, end);
        return true;
    }

    private static bool TryReadDomain(ref ScannedText text, int start, out int end)
    {
        end = start;
        while (end - start < DomainMaximumCharacters && IsDomain(text[end]))
            end++;
        while (end > start && text[end - 1] is '.' or '-')
            end--;
        var domain = text.Text[start..end];
        var dot = domain.LastIndexOf('.');
        if (dot < 1 || domain.IndexOf("..", StringComparison.Ordinal) >= 0)
            return false;
        // Not logo@2x.png, the picture for displays of twice the density.
        if (char.IsAsciiDigit(domain[0]) && domain[1..].StartsWith("x.", StringComparison.Ordinal))
            return false;
        var topLevel = domain[(dot + 1)..];
        return topLevel.Length >= TopLevelMinimumCharacters && (topLevel.StartsWith("xn--", StringComparison.OrdinalIgnoreCase) || AreLetters(topLevel));
    }

    private static bool AreLetters(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsLetter(c))
                return false;
        }
        return true;
    }

    // Those that addresses have in practice; what parts fields in texts and web addresses stays outside.
    private static bool IsLocal(char c) => ScannedText.IsWord(c) || c is '.' or '_' or '-' or '+' or '\'' or '~' or '#' or '!' or '$' or '*' or '&';

    private static bool IsDomain(char c) => char.IsLetterOrDigit(c) || c is '.' or '-';
}
