namespace AgentPlatform.Audit.Redaction;

/// <summary>
/// UUIDs stay whole: they are what entries are found by, and among many some have the digits of an account or card number.
/// </summary>
public static class UuidRule
{
    private const int Characters = 36;

    // The version, at this place, is a digit, so the first digit is here at the latest.
    private const int LatestFirstDigit = 14;

    /// <summary>The end of the UUID whose first digit is there; <paramref name="at"/> itself when it is in none.</summary>
    public static int Skip(ref ScannedText text, int at)
    {
        for (var start = at; start >= at - LatestFirstDigit; start--)
        {
            if (IsAt(ref text, start))
                return start + Characters;
        }
        return at;
    }

    // A hyphen first, as nearly all that is none fails there.
    private static bool IsAt(ref ScannedText text, int start)
    {
        if (text[start + 8] != '-' || text.IsWordAt(start - 1) || text.IsWordAt(start + Characters))
            return false;
        for (var i = 0; i < Characters; i++)
        {
            var c = text[start + i];
            if (i is 8 or 13 or 18 or 23 ? c != '-' : !char.IsAsciiHexDigit(c))
                return false;
        }
        return true;
    }
}
