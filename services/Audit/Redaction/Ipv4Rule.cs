namespace AgentPlatform.Audit.Redaction;

/// <summary>
/// IPv4 addresses: four numbers up to 255 without leading zeros. What is called a version, by a word or a product's name before it or a
/// suffix behind it, is not one, and neither is 0.x.y.z, which no host has.
/// </summary>
public static class Ipv4Rule
{
    private const int Parts = 4;
    private const int PartMaximumDigits = 3;
    private const int PartMaximum = 255;
    private static readonly string[] VersionWords = ["version", "ver", "release", "build", "rev", "revision"];

    /// <summary>An address that begins there.</summary>
    public static bool TryMatch(ref ScannedText text, int at, out Match match)
    {
        match = default;
        if (text[at] == '0' || !TryRead(ref text, at, out var end) || text[at - 1] == '.' && text.IsWordAt(at - 2))
            return false;
        // 1.2.3.4-beta and 1.2.3.4.5 are versions; 10.0.0.1-10.0.0.9, 10.0.0.0/8 and 10.0.0.1:80 are addresses.
        if (text.IsWordAt(end) || text[end] == '.' && text.IsWordAt(end + 1) || text[end] == '-' && char.IsAsciiLetter(text[end + 1]))
            return false;
        // Products are written with a capital letter, Chrome/90.0.4.72; parts of a path are not, host/10.0.0.1.
        if (IsVersion(text.WordBefore(at)) || text[at - 1] == '/' && text.WordBefore(at - 1) is [>= 'A' and <= 'Z', ..])
            return false;
        match = new Match(RedactionKind.Ip, at, end);
        return true;
    }

    /// <summary>Reads four numbers with dots between them.</summary>
    public static bool TryRead(ref ScannedText text, int at, out int end)
    {
        end = at;
        for (var part = 0; part < Parts; part++)
        {
            if (part > 0 && text[end++] != '.')
                return false;
            var start = end;
            end = text.SkipDigits(start, PartMaximumDigits);
            if (end == start || end - start > 1 && text[start] == '0' || Number(text.Text[start..end]) > PartMaximum)
                return false;
        }
        return !text.IsDigitAt(end);
    }

    private static int Number(ReadOnlySpan<char> digits)
    {
        var number = 0;
        foreach (var digit in digits)
            number = number * 10 + digit - '0';
        return number;
    }

    private static bool IsVersion(ReadOnlySpan<char> word)
    {
        foreach (var version in VersionWords)
        {
            if (word.Equals(version, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        // FileVersion, and agent_version where it is the name of a member.
        return word.EndsWith("version", StringComparison.OrdinalIgnoreCase);
    }
}
