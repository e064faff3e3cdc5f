using System.Globalization;

namespace AgentPlatform.Vault.Tables;

/// <summary>What texts can be read as. Not what they are likely to be: that, the column decides.</summary>
internal static class TextReadings
{
    private const int IntegerMaximumDigits = 18;
    private const int DecimalMaximumDigits = 28;
    private const int GroupDigits = 3;
    private const int LongestReadable = 64;
    private const string Groups = " \u00a0\u202f'’";

    private static readonly string[] IsoFormats = ["yyyy-MM-dd", "yyyy/MM/dd", "yyyy.MM.dd"];
    private static readonly string[] DayFirstFormats = ["d/M/yyyy", "d.M.yyyy", "d-M-yyyy"];
    private static readonly string[] MonthFirstFormats = ["M/d/yyyy", "M-d-yyyy"];
    private static readonly string[] TimeFormats = ["H:mm", "H:mm:ss", "H:mm:ss.fff"];

    public static CellReadings Of(SourceCell cell) => cell.Kind switch
    {
        SourceCellKind.Plain => OfText(cell.Text.AsSpan().Trim()),
        SourceCellKind.Number => new(Readings.Numbers | (IsInteger(cell.Text) ? Readings.Integer : 0)),
        SourceCellKind.Boolean => new(Readings.Boolean),
        SourceCellKind.Date => new(Readings.Days),
        SourceCellKind.DateTime => new(Readings.Days, HasTime: true),
        SourceCellKind.Text => new(Readings.None),
        _ => new(Readings.All), // nothing, or an error, can be in any column
    };

    /// <summary>
    /// Reads a number written in this way: groups of three digits, no exponent, no zeros in front, no plus (telephones have one).
    /// </summary>
    public static bool TryReadNumber(ReadOnlySpan<char> text, bool isComma, out decimal number)
    {
        number = 0;
        if (text.Length is 0 or > LongestReadable)
            return false;
        var (point, group) = isComma ? (',', '.') : ('.', ',');
        var digits = text[0] is '-' or '−' ? text[1..] : text;
        var at = digits.IndexOf(point);
        var whole = at < 0 ? digits : digits[..at];
        var fraction = at < 0 ? default : digits[(at + 1)..];
        if ((at >= 0 && fraction.IsEmpty) || fraction.ContainsAnyExceptInRange('0', '9'))
            return false;
        Span<char> plain = stackalloc char[LongestReadable + 1];
        if (!TryUngroup(whole, group, plain, out var length) || length + fraction.Length > DecimalMaximumDigits)
            return false;
        plain[length++] = '.';
        fraction.CopyTo(plain[length..]);
        var isNumber = decimal.TryParse(plain[..(length + fraction.Length)], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
        if (text[0] is '-' or '−')
            number = -number;
        return isNumber;
    }

    public static bool TryReadBoolean(ReadOnlySpan<char> text, out bool value)
    {
        value = Is(text, "true") || Is(text, "yes");
        return value || Is(text, "false") || Is(text, "no");

        static bool Is(ReadOnlySpan<char> text, string word) => text.Equals(word, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads a day with the year first, perhaps with a time.</summary>
    public static bool TryReadIso(ReadOnlySpan<char> text, out DateTime time, out bool hasTime) => TryReadDay(text, IsoFormats, out time, out hasTime);

    /// <summary>Reads a day written in one of these orders, perhaps with a time.</summary>
    public static bool TryReadDay(ReadOnlySpan<char> text, Readings order, out DateTime time, out bool hasTime) => TryReadDay(text,
        order switch { Readings.DayFirst => DayFirstFormats, Readings.MonthFirst => MonthFirstFormats, _ => IsoFormats }, out time, out hasTime);

    public static bool IsInteger(ReadOnlySpan<char> text)
    {
        var digits = text is ['-', ..] ? text[1..] : text;
        return digits.Length is > 0 and <= IntegerMaximumDigits && !digits.ContainsAnyExceptInRange('0', '9') && (digits[0] != '0' || text is "0");
    }

    private static CellReadings OfText(ReadOnlySpan<char> text)
    {
        // Most texts are words: their length and their end tell.
        if (text.Length > LongestReadable || !char.IsAsciiLetterOrDigit(text[^1]))
            return new(Readings.None);
        if (char.IsAsciiLetter(text[^1]))
            return new(TryReadBoolean(text, out _) ? Readings.Boolean : Readings.None);
        if (IsInteger(text))
            return new(Readings.Integer | Readings.Numbers);
        var (isPoint, isComma) = (TryReadNumber(text, isComma: false, out var byPoint), TryReadNumber(text, isComma: true, out var byComma));
        return isPoint || isComma
            ? new((isPoint ? Readings.PointNumber : 0) | (isComma ? Readings.CommaNumber : 0), IsDoubtful: isPoint && isComma && byPoint != byComma)
            : OfDay(text);
    }

    private static CellReadings OfDay(ReadOnlySpan<char> text)
    {
        if (TryReadDay(text, IsoFormats, out _, out var hasTime))
            return new(Readings.YearFirst, hasTime);
        var isDayFirst = TryReadDay(text, DayFirstFormats, out var byDay, out hasTime);
        var isMonthFirst = TryReadDay(text, MonthFirstFormats, out var byMonth, out _);
        return new((isDayFirst ? Readings.DayFirst : 0) | (isMonthFirst ? Readings.MonthFirst : 0), hasTime, IsDoubtful: isDayFirst && isMonthFirst && byDay != byMonth);
    }

    private static bool TryReadDay(ReadOnlySpan<char> text, string[] formats, out DateTime time, out bool hasTime)
    {
        var end = text.IndexOfAny(' ', 'T');
        hasTime = end > 0;
        var clock = hasTime ? text[(end + 1)..] : default;
        text = hasTime ? text[..end] : text;
        var ofDay = default(TimeOnly);
        var isDay = DateOnly.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            && (!hasTime || TimeOnly.TryParseExact(clock, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.None, out ofDay));
        time = isDay ? day.ToDateTime(ofDay) : default;
        return isDay;
    }

    // Takes the groups out: all by the same sign, of three digits, none missing. A zero in front is allowed before the point alone.
    private static bool TryUngroup(ReadOnlySpan<char> whole, char group, Span<char> plain, out int length)
    {
        length = 0;
        if (whole.IsEmpty)
            return false;
        var sign = whole.IndexOfAnyExceptInRange('0', '9') is >= 0 and var first ? whole[first] : '\0';
        if (sign != '\0' && sign != group && !Groups.Contains(sign))
            return false;
        var sinceSign = 0;
        foreach (var character in whole)
        {
            if (char.IsAsciiDigit(character))
            {
                sinceSign++;
                plain[length++] = character;
                continue;
            }
            var isFirst = length == sinceSign;
            if (character != sign || (isFirst ? sinceSign is 0 or > GroupDigits : sinceSign != GroupDigits))
                return false;
            sinceSign = 0;
        }
        return (sign == '\0' || sinceSign == GroupDigits) && (plain[0] != '0' || length == 1);
    }
}
