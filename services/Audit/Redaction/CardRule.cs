using System.Globalization;

namespace AgentPlatform.Audit.Redaction;

/// <summary>Numbers of payment cards: an issuer's prefix and length, and the check digit by Luhn's formula (ISO/IEC 7812).</summary>
public static class CardRule
{
    private const int ShortestDigits = 13;
    private const int LongestDigits = 19;
    private const double Smallest = 1e12;
    private const double LargestExact = 9_007_199_254_740_992;

    // How cards show their number: 4 4 4 4 (and 3 more), 4 6 5, 4 6 4.
    private static readonly int[][] Groupings = [[4, 4, 4, 4, 3], [4, 4, 4, 4], [4, 6, 5], [4, 6, 4]];

    /// <summary>A number that begins there, whole or in the groups that are printed on cards.</summary>
    public static bool TryMatch(ref ScannedText text, int at, out Match match)
    {
        match = default;
        // The fraction of a number is none.
        if (text[at - 1] is '.' or ',' && text.IsDigitAt(at - 2))
            return false;
        var end = text.SkipDigits(at, LongestDigits + 1);
        if (end - at is >= ShortestDigits and <= LongestDigits)
        {
            match = new Match(RedactionKind.Card, at, end);
            return Ends(ref text, end) && IsNumber(text.Text[at..end]);
        }
        if (end - at != 4 || text[end] is not (' ' or '-' or '\u00A0' or '.') || text.IsJoined(at))
            return false;

        Span<char> digits = stackalloc char[LongestDigits];
        foreach (var grouping in Groupings)
        {
            var read = ReadGroups(ref text, at, grouping, digits, out end);
            // A blank may part it from another number; a hyphen or dot makes the next group part of the same.
            var goesOn = text[end] is '-' or '.' && text.IsDigitAt(end + 1);
            if (read > 0 && !goesOn && Ends(ref text, end) && IsNumber(digits[..read]))
            {
                match = new Match(RedactionKind.Card, at, end);
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether a number in JSON is one.</summary>
    public static bool IsCard(double number) => number is >= Smallest and < LargestExact && number == Math.Floor(number)
        && IsNumber(((long)number).ToString(CultureInfo.InvariantCulture));

    // Its expiry or code may follow at once: 4111111111111111/12/29, 4111111111111111:123.
    private static bool Ends(ref ScannedText text, int end) => text[end] != '@' && !text.IsWordAt(end);

    private static int ReadGroups(ref ScannedText text, int at, int[] grouping, scoped Span<char> digits, out int end)
    {
        var read = 0;
        end = at;
        var separator = text[at + grouping[0]];
        foreach (var length in grouping)
        {
            if (read > 0 && text[end++] != separator)
                return 0;
            if (text.SkipDigits(end, length + 1) != end + length)
                return 0;
            text.Text.Slice(end, length).CopyTo(digits[read..]);
            read += length;
            end += length;
        }
        return read;
    }

    private static bool IsNumber(ReadOnlySpan<char> digits) => IsIssued(digits) && HasCheckDigit(digits);

    private static bool IsIssued(ReadOnlySpan<char> digits)
    {
        if (digits.Length < ShortestDigits)
            return false;
        var four = int.Parse(digits[..4], NumberStyles.None, CultureInfo.InvariantCulture);
        return four switch
        {
            >= 4000 and < 5000 => digits.Length is 13 or 16 or 19,      // Visa
            >= 5100 and < 5600 or >= 2221 and <= 2720 => digits.Length == 16,  // Mastercard
            >= 3400 and < 3500 or >= 3700 and < 3800 => digits.Length == 15,   // American Express
            >= 3000 and < 3060 or >= 3600 and < 3700 or >= 3800 and < 4000 => digits.Length is 14 or 16,  // Diners Club
            >= 3528 and < 3590 => digits.Length >= 16,                  // JCB
            >= 2200 and <= 2204 => digits.Length >= 16,                 // Mir
            6011 or >= 6440 and < 6600 or >= 6200 and < 6300 or >= 8100 and < 8300 => digits.Length >= 16,  // Discover, UnionPay, RuPay
            >= 5000 and < 5100 or >= 5600 and < 7000 => digits.Length is 16 or 19,  // Maestro and other debit cards
            _ => false,
        };
    }

    private static bool HasCheckDigit(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            var weighted = i % 2 == 0 ? digit : 2 * digit;
            sum += weighted > 9 ? weighted - 9 : weighted;
        }
        return sum % 10 == 0;
    }
}
