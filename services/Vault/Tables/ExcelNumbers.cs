using System.Globalization;

namespace AgentPlatform.Vault.Tables;

/// <summary>Numbers as workbooks write them, which may stand for days.</summary>
internal static class ExcelNumbers
{
    private const int DaysFrom1900To1904 = 1_462;
    private const double LastDay = 2_958_465; // 9999-12-31
    private const int FictitiousDay = 60;     // 1900-02-29, which Excel counts although there was none
    private const double MillisecondsPerDay = 86_400_000;

    private static readonly DateTime DayZero = new(1899, 12, 30);

    /// <summary>The cell that a number is; text when it is none that a decimal can hold.</summary>
    public static SourceCell Read(string text, ExcelFormat format, bool countsFrom1904)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            return SourceCell.Literal(text);
        if (format is not ExcelFormat.Number && Day(number, format, countsFrom1904) is { } day)
            return day;
        return Math.Abs(number) < (double)decimal.MaxValue ? new SourceCell(SourceCellKind.Number, Text(Exact(text, number))) : SourceCell.Literal(text);
    }

    /// <summary>A day or a time, as a workbook may also write it out; text when it is none.</summary>
    public static SourceCell ReadIso(string text) => TextReadings.TryReadIso(text, out var time, out var hasTime) ? Of(time, hasTime) : SourceCell.Literal(text);

    /// <summary>A number in the one form that there is for it: "14.75".</summary>
    public static string Text(decimal number) => number == 0 ? "0" : number.ToString("0.############################", CultureInfo.InvariantCulture);

    // Excel reckons in binary and shows fifteen digits, to which this conversion rounds: 0.1 + 0.2 is 0.3 again. What was written with fewer is taken as it stands.
    private static decimal Exact(string text, double number)
    {
        const int ExcelDigits = 15;
        return text.Length <= ExcelDigits && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact) ? exact : (decimal)number;
    }

    private static SourceCell? Day(double number, ExcelFormat format, bool countsFrom1904)
    {
        var milliseconds = Math.Round(number * MillisecondsPerDay);
        if (number < 0 || milliseconds >= (LastDay + 1 - (countsFrom1904 ? DaysFrom1900To1904 : 0)) * MillisecondsPerDay)
            return null;
        // Without a day it is a time of day.
        if (format is ExcelFormat.Time && number < 1)
            return new SourceCell(SourceCellKind.Text, TimeText(TimeSpan.FromMilliseconds(milliseconds)));
        var days = countsFrom1904 ? DaysFrom1900To1904 : number < FictitiousDay ? 1 : 0;
        var time = DayZero.AddDays(days).AddMilliseconds(milliseconds);
        return Of(time, hasTime: format is not ExcelFormat.Date || time.TimeOfDay != TimeSpan.Zero);
    }

    private static SourceCell Of(DateTime time, bool hasTime) => hasTime
        ? new SourceCell(SourceCellKind.DateTime, DateTimeText(time))
        : new SourceCell(SourceCellKind.Date, time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <summary>A day and time in the one form that there is for it.</summary>
    public static string DateTimeText(DateTime time) => time.ToString(time.Millisecond == 0 ? "yyyy-MM-dd'T'HH:mm:ss" : "yyyy-MM-dd'T'HH:mm:ss.fff", CultureInfo.InvariantCulture);

    private static string TimeText(TimeSpan time) => time.ToString(time.Milliseconds == 0 ? @"hh\:mm\:ss" : @"hh\:mm\:ss\.fff", CultureInfo.InvariantCulture);
}
