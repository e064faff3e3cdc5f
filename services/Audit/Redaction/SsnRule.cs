namespace AgentPlatform.Audit.Redaction;

/// <summary>
/// United States social security numbers that can have been issued: 123-45-6789. Without hyphens only where the text says that it is
/// one, since nine digits alone are any number.
/// </summary>
public static class SsnRule
{
    private const int AreaDigits = 3;
    private const int GroupDigits = 2;
    private const int SerialDigits = 4;
    private static readonly string[] Hints = [" ssn", "social security"];

    /// <summary>A number that begins there.</summary>
    public static bool TryMatch(ref ScannedText text, int at, out Match match)
    {
        match = default;
        var separator = text[at + AreaDigits];
        var width = separator is '-' or ' ' ? 1 : 0;
        var group = at + AreaDigits + width;
        var serial = group + GroupDigits + width;
        var end = serial + SerialDigits;
        if (text.SkipDigits(at, AreaDigits) != at + AreaDigits || text.SkipDigits(group, GroupDigits) != group + GroupDigits
            || text.SkipDigits(serial, SerialDigits) != end || width > 0 && text[serial - 1] != separator || !text.EndsNumber(end))
            return false;
        if (text.IsJoined(at) || separator != '-' && !text.HasHint(at, Hints))
            return false;
        match = new Match(RedactionKind.Ssn, at, end);
        return IsIssued(text.Text[at..group], text.Text[group..serial], text.Text[serial..end]);
    }

    private static bool IsIssued(ReadOnlySpan<char> area, ReadOnlySpan<char> group, ReadOnlySpan<char> serial) =>
        area[0] != '9' && !area.StartsWith("000", StringComparison.Ordinal) && !area.StartsWith("666", StringComparison.Ordinal)
        && !group.StartsWith("00", StringComparison.Ordinal) && !serial.StartsWith("0000", StringComparison.Ordinal);
}
