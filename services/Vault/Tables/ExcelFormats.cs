namespace AgentPlatform.Vault.Tables;

/// <summary>Tells formats of days and times from those of numbers (ECMA-376 part 1, 18.8.30 and 18.8.31).</summary>
internal static class ExcelFormats
{
    /// <summary>Formats that every workbook has without saying so; 27–36 and 50–58 are days of East Asian calendars.</summary>
    public static ExcelFormat OfBuiltIn(int id) => id switch
    {
        >= 14 and <= 17 or >= 27 and <= 31 or 36 or >= 50 and <= 58 => ExcelFormat.Date,
        >= 18 and <= 21 or >= 32 and <= 35 or 45 or 47 => ExcelFormat.Time,
        22 => ExcelFormat.DateTime,
        _ => ExcelFormat.Number,
    };

    /// <summary>
    /// By the letters of its first section: y and d make it days, h and s times; an m is a month beside the first and minutes beside the second. What is in quotes, behind a backslash
    /// or in brackets is decoration, but for [h], [m] and [s]: these show a length of time, which is a number.
    /// </summary>
    public static ExcelFormat OfCode(string code)
    {
        var (hasDay, hasTime, hasMonth) = (false, false, false);
        for (var at = 0; at < code.Length; at++)
        {
            switch (char.ToLowerInvariant(code[at]))
            {
                case ';': at = code.Length; break;
                case '\\' or '_' or '*': at++; break;
                case '"': at = EndOf(code, '"', at); break;
                case '[':
                    var end = EndOf(code, ']', at);
                    if (IsElapsed(code.AsSpan(at + 1, Math.Max(0, end - at - 1))))
                        return ExcelFormat.Number;
                    at = end;
                    break;
                case 'y' or 'd': hasDay = true; break;
                case 'h' or 's': hasTime = true; break;
                case 'm': hasMonth = true; break;
                // Behind seconds, digits are their fraction.
                case '0' or '#' or '?' when !hasTime: return ExcelFormat.Number;
                case 'g' when code.AsSpan(at).StartsWith("general", StringComparison.OrdinalIgnoreCase): return ExcelFormat.Number;
            }
        }
        return (hasDay || (hasMonth && !hasTime), hasTime) switch
        {
            (true, true) => ExcelFormat.DateTime,
            (true, false) => ExcelFormat.Date,
            (false, true) => ExcelFormat.Time,
            _ => ExcelFormat.Number,
        };
    }

    private static int EndOf(string code, char closing, int from) => code.IndexOf(closing, from + 1) is >= 0 and var end ? end : code.Length;

    private static bool IsElapsed(ReadOnlySpan<char> inBrackets) => inBrackets.Length > 0 && inBrackets.Trim("hmsHMS").IsEmpty;
}
