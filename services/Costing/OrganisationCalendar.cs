using System.Globalization;

namespace AgentPlatform.Costings;

/// <summary>The organisation's days, in its own time zone. To the machine they are dates, without a time of day.</summary>
public sealed class OrganisationCalendar(CostingSettings settings, Database database)
{
    private const string Form = "yyyy-MM-dd";

    private readonly TimeZoneInfo _zone = TimeZoneInfo.FindSystemTimeZoneById(settings.TimeZone);

    public DateOnly Today => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(database.Now, _zone).Date);

    /// <summary>When a day begins.</summary>
    public DateTimeOffset Midnight(DateOnly day) => Midnight(day, _zone);

    /// <summary>When a day begins in a time zone. Where clocks are put forward at midnight, it begins when they have been.</summary>
    public static DateTimeOffset Midnight(DateOnly day, TimeZoneInfo zone)
    {
        var local = day.ToDateTime(TimeOnly.MinValue);
        while (zone.IsInvalidTime(local))
            local += TimeSpan.FromMinutes(1);
        // Where they are put back across midnight, it comes twice; the day begins the first time.
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }

    /// <summary>A day as contracts write it.</summary>
    public static string Text(DateOnly day) => day.ToString(Form, CultureInfo.InvariantCulture);

    /// <summary>The first of the month that a day is in.</summary>
    public static DateOnly FirstOfMonth(DateOnly day) => new(day.Year, day.Month, 1);

    /// <summary>Reads what contracts write.</summary>
    public static bool TryRead(string text, out DateOnly day) => DateOnly.TryParseExact(text, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out day);
}
