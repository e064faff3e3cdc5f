namespace AgentPlatform.Audit.Redaction;

/// <summary>
/// Phone numbers: international with + (E.164) or 00, North American 3-3-4, national with a leading 0 in groups, and any row of digits that the
/// text calls a phone number. A row of digits alone is none: ids and amounts look the same.
/// </summary>
public static class PhoneRule
{
    private const int InternationalMaximumDigits = 15;
    private const int InternationalMinimumDigits = 8;
    private const int UnseparatedMinimumDigits = 9;
    private const int ExitCodeDigits = 2;
    private const int NationalMinimumDigits = 9;
    private const int NationalMaximumDigits = 12;
    private const int NorthAmericanDigits = 11;
    private const int HintedMinimumDigits = 7;
    private static readonly string[] Hints = ["phone", " tel", " mobile", " mobil", " fax", " cell", " call ", " sms", "whatsapp", " handy"];

    /// <summary>A number that begins there, at a digit, a plus or a bracket.</summary>
    public static bool TryMatch(ref ScannedText text, int at, out Match match)
    {
        match = default;
        var mark = text[at];
        var first = char.IsAsciiDigit(mark) ? at : at + 1;
        if (!text.IsDigitAt(first) || !text.StartsWord(at))
            return false;
        // A plus says that a number begins, whatever is before it; a digit may be a later part of an amount or an id.
        if (mark != '+' && (text.IsJoined(at) || text[at - 1] == ',' && text.IsDigitAt(at - 2)))
            return false;

        var groups = DigitGroups.Read(ref text, first);
        if (groups.Digits(groups.Count) < HintedMinimumDigits)
            return false;
        for (var count = groups.Count; count > 0; count--)
        {
            var end = groups.End(count - 1);
            if (text.EndsNumber(end) && IsNumber(ref text, at, mark, groups, count))
            {
                match = new Match(RedactionKind.Phone, at, end);
                return true;
            }
        }
        return false;
    }

    private static bool IsNumber(ref ScannedText text, int at, char mark, in DigitGroups groups, int count)
    {
        var digits = groups.Digits(count);
        var first = text.Text[groups.Start(0)];
        if (mark == '+')
            return IsInternational(ref text, groups, count, digits);
        // A bracket that is not closed behind the first group belongs to the sentence: "(030 1234567)".
        if (mark == '(' && text[groups.End(0)] != ')')
            return false;
        if (IsNorthAmerican(ref text, groups, count) || IsNational(ref text, groups, count, digits))
            return true;
        if (first == '0' && groups.Length(0) >= ExitCodeDigits && text[groups.Start(0) + 1] == '0')
            return count > 1 && digits is >= InternationalMinimumDigits + ExitCodeDigits and <= InternationalMaximumDigits + ExitCodeDigits
                && (groups.Length(0) > ExitCodeDigits ? text[groups.Start(0) + ExitCodeDigits] : text[groups.Start(1)]) != '0';
        return count == groups.Count && digits is >= HintedMinimumDigits and <= InternationalMaximumDigits && !IsDate(groups, count) && text.HasHint(at, Hints);
    }

    private static bool IsInternational(ref ScannedText text, in DigitGroups groups, int count, int digits)
    {
        var start = groups.Start(0);
        if (digits > InternationalMaximumDigits || digits < (count == 1 ? UnseparatedMinimumDigits : InternationalMinimumDigits))
            return false;
        // North America and Russia have numbers of one length; that tells them from a change in figures, "+1 250 000".
        return text[start] switch
        {
            '0' => false,
            '1' or '7' => digits == NorthAmericanDigits,
            _ => true,
        };
    }

    private static bool IsNorthAmerican(ref ScannedText text, in DigitGroups groups, int count)
    {
        var area = count == 4 && groups.Length(0) == 1 && text[groups.Start(0)] == '1' ? 1 : 0;
        return count == area + 3 && groups.Length(area) == 3 && groups.Length(area + 1) == 3 && groups.Length(area + 2) == 4
            && text[groups.Start(area)] >= '2' && text[groups.Start(area + 1)] >= '2';
    }

    private static bool IsNational(ref ScannedText text, in DigitGroups groups, int count, int digits) =>
        count > 1 && digits is >= NationalMinimumDigits and <= NationalMaximumDigits
        && groups.Length(0) > 1 && groups.Length(count - 1) > 1 && text[groups.Start(0)] == '0' && text[groups.Start(0) + 1] != '0'
        && !IsDate(groups, count) && !IsShortDate(groups, count)
        // 0123456.78 is an amount.
        && !(count == 2 && text[groups.End(0)] == '.');

    // 01.02.2024 10, 2024/01/02, 01/2024 …
    private static bool IsDate(in DigitGroups groups, int count)
    {
        if (count > 1 && groups.Length(0) == 2 && groups.Length(1) == 4)
            return groups.Start(1) == groups.End(0) + 1 && count < 4 && groups.Length(count - 1) != 4;
        return count > 2 && groups.Length(1) <= 2 && (groups.Length(0) <= 2 && groups.Length(2) == 4 || groups.Length(0) == 4 && groups.Length(2) == 2);
    }

    // 01.02.24 1000, not 01.23.45.67.89.
    private static bool IsShortDate(in DigitGroups groups, int count) =>
        count is 3 or 4 && groups.Length(0) == 2 && groups.Length(1) == 2 && groups.Length(2) == 2;
}
