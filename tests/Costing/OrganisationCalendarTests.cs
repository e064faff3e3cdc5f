using AgentPlatform.Costings;

namespace AgentPlatform.Tests.Costings;

/// <summary>Where a day begins, also where clocks are changed at midnight.</summary>
public sealed class OrganisationCalendarTests
{
    [Theory]
    [InlineData("UTC", "2026-03-29", "2026-03-29T00:00:00Z")]
    [InlineData("Africa/Johannesburg", "2026-04-01", "2026-03-31T22:00:00Z")]
    [InlineData("America/New_York", "2026-07-01", "2026-07-01T04:00:00Z")]
    // At midnight clocks go to one o'clock: the day begins there.
    [InlineData("America/Havana", "2026-03-08", "2026-03-08T05:00:00Z")]
    // At one o'clock they go back to midnight: the day begins at the first of two.
    [InlineData("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z")]
    public void A_day_begins_at_the_first_moment_of_it(string zone, string day, string instant)
    {
        Assert.True(OrganisationCalendar.TryRead(day, out var date));
        Assert.Equal(DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture), OrganisationCalendar.Midnight(date, TimeZoneInfo.FindSystemTimeZoneById(zone)));
    }
}
