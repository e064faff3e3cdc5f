using System.Globalization;

namespace AgentPlatform.Costings;

/// <summary>The organisation's days, in its own time zone. To the machine they are dates, without a time of day.</summary>
public sealed class OrganisationCalendar(CostingSettings settings, Database database)
{
    private const string Form = "yyyy-MM-dd";

    private readonly TimeZoneInfo _zone = TimeZoneInfo.FindSystemTimeZoneById(settings.TimeZone);

    public DateOnly Today => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(database.Now, _zone).Date);

    /// <summary>A day as contracts write it.</summary>
    public static string Text(DateOnly day) => day.ToString(Form, CultureInfo.InvariantCulture);

    /// <summary>Reads what contracts write.</summary>
    public static bool TryRead(string text, out DateOnly day) => DateOnly.TryParseExact(text, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out day);
}
