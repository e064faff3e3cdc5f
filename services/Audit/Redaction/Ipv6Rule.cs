namespace AgentPlatform.Audit.Redaction;

/// <summary>IPv6 addresses (RFC 4291), with a zone and with an IPv4 address at the end too. Not times, hardware addresses or the :: of programs.</summary>
public static class Ipv6Rule
{
    private const int Groups = 8;
    private const int GroupMaximumDigits = 4;
    private const int ZoneMaximumCharacters = 16;
    private const int HardwareGroupDigits = 2;

    /// <summary>An address whose first colon is there.</summary>
    public static bool TryMatch(ref ScannedText text, int colon, out Match match)
    {
        match = default;
        var start = colon;
        while (colon - start < GroupMaximumDigits && char.IsAsciiHexDigit(text[start - 1]))
            start--;
        if (start == colon && text[colon + 1] != ':' || !text.StartsWord(start))
            return false;
        // Inside a longer row of groups, which was looked at from its start.
        if (text[start - 1] == ':' && (char.IsAsciiHexDigit(text[start - 2]) || text[start - 2] == ':'))
            return false;
        if (!TryRead(ref text, start, out var end))
            return false;
        match = new Match(RedactionKind.Ip, start, SkipZone(ref text, end));
        return true;
    }

    private static bool TryRead(ref ScannedText text, int start, out int end)
    {
        var (groups, hardwareGroups, hasDigit, isShortened) = (0, 0, false, false);
        end = start;
        while (true)
        {
            if (text[end] == ':' && text[end + 1] == ':')
            {
                if (isShortened)
                    return false;
                isShortened = true;
                end += 2;
            }
            else if (groups > 0)
            {
                if (text[end] != ':' || !char.IsAsciiHexDigit(text[end + 1]) || groups == Groups)
                    break;
                end++;
            }
            var group = end;
            while (end - group <= GroupMaximumDigits && char.IsAsciiHexDigit(text[end]))
                hasDigit |= char.IsAsciiDigit(text[end++]);
            if (end == group)
                break;
            if (text[end] == '.' && Ipv4Rule.TryRead(ref text, group, out var last))
            {
                end = last;
                groups += 2;
                break;
            }
            if (end - group > GroupMaximumDigits)
                return false;
            hardwareGroups += end - group == HardwareGroupDigits ? 1 : 0;
            groups++;
        }
        if (text.IsWordAt(end) || text[end] == ':' && text.IsWordAt(end + 1))
            return false;
        return isShortened ? groups is > 0 and < Groups && hasDigit && IsNoName(ref text, start) : groups == Groups && hardwareGroups < Groups;
    }

    // add::b2 and ::c3 are names in programs; addresses begin with a full group, with the 64:ff9b of translated ones, or with ::1, ::ffff:….
    private static bool IsNoName(ref ScannedText text, int start)
    {
        var at = start;
        while (char.IsAsciiHexDigit(text[at]))
            at++;
        if (at > start)
            return at - start == GroupMaximumDigits || text.Text[start..].StartsWith("64:ff9b:", StringComparison.OrdinalIgnoreCase);
        return char.IsAsciiDigit(text[start + 2]) || text.Text[(start + 2)..].StartsWith("ffff:", StringComparison.OrdinalIgnoreCase);
    }

    private static int SkipZone(ref ScannedText text, int end)
    {
        if (text[end] != '%' || !text.IsWordAt(end + 1))
            return end;
        var zone = end + 1;
        while (zone - end <= ZoneMaximumCharacters && text.IsWordAt(zone))
            zone++;
        return zone;
    }
}
