using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace AgentPlatform.Registry;

/// <summary>
/// A cron expression of five fields: which minutes of a wall clock it names. As Vixie's cron, Kubernetes and pg_cron read it: when both days are restricted, either
/// suffices. No I/O, and no time zone: that is <see cref="Timetable"/>'s.
/// </summary>
public sealed class Cron
{
    public const int MaximumCharacters = 256;

    // February 29 may be eight years away, where a century leaves one out.
    private const int SearchDays = 9 * 366;
    private const int MinutesPerHour = 60;
    private const int HoursPerDay = 24;

    private static readonly CronField Minute = new("minute", 0, 59, []);
    private static readonly CronField Hour = new("hour", 0, 23, []);
    private static readonly CronField Day = new("day of the month", 1, 31, []);
    private static readonly CronField Month = new("month", 1, 12, ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]);
    private static readonly CronField Weekday = new("day of the week", 0, 7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);

    private readonly ulong _minutes;
    private readonly ulong _hours;
    private readonly ulong _days;
    private readonly ulong _months;
    private readonly ulong _weekdays;
    private readonly bool _eitherDay;

    private Cron(ulong minutes, ulong hours, ulong days, ulong months, ulong weekdays)
    {
        // Sunday is 0 and 7.
        weekdays = (weekdays | weekdays >> 7) & Weekday.All;
        (_minutes, _hours, _days, _months, _weekdays) = (minutes, hours, days, months, weekdays);
        _eitherDay = days != Day.All && weekdays != Weekday.All;
    }

    /// <summary>Whether it names every hour of its days; then it has no need of wall clocks, and fires in real time when they are set.</summary>
    public bool IsOfEveryHour => _hours == Hour.All;

    /// <summary>Reads an expression; what is wrong with one that cannot be read.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Cron? cron, out string problem)
    {
        cron = null;
        if (text.Length is 0 or > MaximumCharacters)
        {
            problem = text.Length == 0 ? "is required" : $"has {text.Length:N0} characters; at most {MaximumCharacters} are allowed";
            return false;
        }
        var fields = Expand(text).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5)
        {
            problem = text[0] == '@' ? "is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly" : $"has {fields.Length} fields; five are needed: minute, hour, day of the month, month, day of the week";
            return false;
        }
        if (!Minute.TryParse(fields[0], out var minutes, out problem) || !Hour.TryParse(fields[1], out var hours, out problem) || !Day.TryParse(fields[2], out var days, out problem)
            || !Month.TryParse(fields[3], out var months, out problem) || !Weekday.TryParse(fields[4], out var weekdays, out problem))
            return false;
        cron = new Cron(minutes, hours, days, months, weekdays);
        return true;
    }

    /// <summary>Whether it names any minute of a day.</summary>
    public bool IsOn(DateOnly day)
    {
        if ((_months >> day.Month & 1) == 0)
            return false;
        var (byDay, byWeekday) = ((_days >> day.Day & 1) == 1, (_weekdays >> (int)day.DayOfWeek & 1) == 1);
        return _eitherDay ? byDay || byWeekday : byDay && byWeekday;
    }

    /// <summary>Whether it names this minute.</summary>
    public bool IsAt(DateTime wall) => (_minutes >> wall.Minute & 1) == 1 && (_hours >> wall.Hour & 1) == 1 && IsOn(DateOnly.FromDateTime(wall));

    /// <summary>The first minute that it names after the one that a wall clock shows; null when it names none in the next nine years.</summary>
    public DateTime? NextAfter(DateTime wall)
    {
        var day = DateOnly.FromDateTime(wall);
        var from = wall.Hour * MinutesPerHour + wall.Minute + 1;
        for (var i = 0; i < SearchDays && day < DateOnly.MaxValue; i++, day = day.AddDays(1), from = 0)
            if (IsOn(day) && MinuteOfDay(from) is { } minute)
                return day.ToDateTime(TimeOnly.MinValue).AddMinutes(minute);
        return null;
    }

    private int? MinuteOfDay(int from)
    {
        for (var hour = from / MinutesPerHour; hour < HoursPerDay; hour++, from = 0)
        {
            if ((_hours >> hour & 1) == 0)
                continue;
            var left = _minutes >> (from % MinutesPerHour) << (from % MinutesPerHour);
            if (left != 0)
                return hour * MinutesPerHour + BitOperations.TrailingZeroCount(left);
            // The first hour may have none left; any other has.
        }
        return null;
    }

    private static string Expand(string text) => text switch
    {
        "@yearly" or "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" or "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => text,
    };
}
