using System.Globalization;
using AgentPlatform.Registry;

namespace AgentPlatform.Tests.Registries;

/// <summary>Which minutes a cron expression names, and what becomes of them where clocks are set.</summary>
public sealed class TimetableTests
{
    [Theory]
    [InlineData("* * * * *", "2026-01-01T00:00", "2026-01-01T00:01 2026-01-01T00:02")]
    [InlineData("*/20 8-9 * * *", "2026-01-01T08:15", "2026-01-01T08:20 2026-01-01T08:40 2026-01-01T09:00 2026-01-01T09:20 2026-01-01T09:40 2026-01-02T08:00")]
    [InlineData("0 2 * * *", "2026-01-01T02:00", "2026-01-02T02:00")]
    [InlineData("59 23 31 DEC *", "2026-01-01T00:00", "2026-12-31T23:59 2027-12-31T23:59")]
    [InlineData("0 0 29 2 *", "2096-03-01T00:00", "2104-02-29T00:00")]
    [InlineData("0 12 * * mon-Fri", "2026-01-02T12:00", "2026-01-05T12:00")]
    [InlineData("0 12 * * 0", "2026-01-01T00:00", "2026-01-04T12:00")]
    [InlineData("0 12 * * 7", "2026-01-01T00:00", "2026-01-04T12:00")]
    [InlineData("0 12 * * FRI-SUN", "2026-01-01T00:00", "2026-01-02T12:00 2026-01-03T12:00 2026-01-04T12:00 2026-01-09T12:00")]
    [InlineData("0 12 13 * 5", "2026-02-06T12:00", "2026-02-13T12:00 2026-02-20T12:00 2026-02-27T12:00 2026-03-06T12:00 2026-03-13T12:00")]
    [InlineData("0 12 1,15 * *", "2026-01-01T12:00", "2026-01-15T12:00 2026-02-01T12:00")]
    [InlineData("5/25 0 1 * *", "2026-01-01T00:00", "2026-01-01T00:05 2026-01-01T00:30 2026-01-01T00:55 2026-02-01T00:05")]
    [InlineData("  0   2\t* * * ", "2026-01-01T00:00", "2026-01-01T02:00")]
    [InlineData("@hourly", "2026-01-01T00:30", "2026-01-01T01:00 2026-01-01T02:00")]
    [InlineData("@weekly", "2026-01-01T00:30", "2026-01-04T00:00")]
    [InlineData("@yearly", "2026-01-01T00:00", "2027-01-01T00:00")]
    public void An_expression_names_these_minutes(string cron, string after, string expected) =>
        Assert.Equal(expected, Texts(Of(cron, "UTC"), Utc(after), expected.Split(' ').Length));

    [Theory]
    [InlineData("")]
    [InlineData("61 * * * *")]
    [InlineData("*/61 * * * *")]
    [InlineData("*/0 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * 32 * *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("* * * * MO")]
    [InlineData("* 22-2 * * *")]
    [InlineData("1- * * * *")]
    [InlineData("-1 * * * *")]
    [InlineData("1-2-3 * * * *")]
    [InlineData("1,,2 * * * *")]
    [InlineData("1/2/3 * * * *")]
    [InlineData("+1 * * * *")]
    [InlineData("٣ * * * *")]
    [InlineData("* * * *")]
    [InlineData("* * * * * *")]
    [InlineData("? * * * *")]
    [InlineData("0 0 L * *")]
    [InlineData("@reboot")]
    [InlineData("@every 5m")]
    [InlineData("99999999999999999999 * * * *")]
    public void What_is_no_expression_is_told_so(string cron)
    {
        Assert.False(Cron.TryParse(cron, out var parsed, out var problem));
        Assert.Null(parsed);
        Assert.NotEmpty(problem);
    }

    [Theory]
    // Berlin sets its clocks from 02:00 to 03:00 on March 29 and from 03:00 to 02:00 on October 25, 2026.
    [InlineData("30 2 * * *", "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T00:30")]
    [InlineData("0,15,30 2 * * *", "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T00:00")]
    [InlineData("0 2,3 * * *", "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T00:00")]
    [InlineData("30 2 * * *", "2026-10-24T12:00", "2026-10-25T00:30 2026-10-26T01:30")]
    [InlineData("30 2,3 * * *", "2026-10-24T12:00", "2026-10-25T00:30 2026-10-25T02:30")]
    [InlineData("0 0-5 * * *", "2026-10-24T21:30", "2026-10-24T22:00 2026-10-24T23:00 2026-10-25T00:00 2026-10-25T02:00")]
    // Of every hour: by real time.
    [InlineData("30 * * * *", "2026-03-29T00:00", "2026-03-29T00:30 2026-03-29T01:30")]
    [InlineData("30 * * * *", "2026-10-25T00:00", "2026-10-25T00:30 2026-10-25T01:30 2026-10-25T02:30")]
    [InlineData("*/30 * 25 10 *", "2026-10-25T00:15", "2026-10-25T00:30 2026-10-25T01:00 2026-10-25T01:30 2026-10-25T02:00")]
    [InlineData("0 * 1 1 *", "2026-01-01T22:30", "2026-12-31T23:00 2027-01-01T00:00")]
    public void Where_clocks_are_set_a_tick_is_neither_lost_nor_doubled(string cron, string after, string expected) =>
        Assert.Equal(expected, Texts(Of(cron, "Europe/Berlin"), Utc(after), expected.Split(' ').Length));

    [Theory]
    // Half an hour, a day that an island left out, and a country whose clocks never change.
    [InlineData("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", "2026-10-03T15:30 2026-10-04T15:15")]
    [InlineData("0 12 30 12 *", "Pacific/Apia", "2011-12-29T00:00", "2011-12-30T10:00 2012-12-29T22:00")]
    [InlineData("0 2 * * *", "Africa/Johannesburg", "2026-03-28T12:00", "2026-03-29T00:00")]
    public void Zones_of_every_kind_are_followed(string cron, string zone, string after, string expected) =>
        Assert.Equal(expected, Texts(Of(cron, zone), Utc(after), expected.Split(' ').Length));

    [Theory]
    [InlineData("*/7 * * * *")]
    [InlineData("17 2 * * *")]
    [InlineData("*/10 1-3 * * *")]
    [InlineData("0 0 13 * 5")]
    public void Ticks_of_years_in_a_row_grow_and_are_the_same_from_wherever_one_looks(string cron)
    {
        var timetable = Of(cron, "America/New_York");
        var (tick, end) = (Utc("2026-01-01T00:00"), Utc("2027-01-01T00:00"));
        var random = new Random(7);
        while (timetable.NextAfter(tick) is { } next && next < end)
        {
            Assert.True(next > tick);
            Assert.Equal(next, timetable.NextAfter(tick + (next - tick) * random.NextDouble() * 0.999));
            Assert.Equal(next, timetable.NextFrom(next));
            tick = next;
        }
        Assert.True(tick > Utc("2026-11-30T00:00"));
    }

    [Fact]
    public void It_keeps_to_its_start_and_its_end()
    {
        var checks = new FieldChecks();
        var timetable = Timetable.Read(checks, "0 * * * *", "UTC", Utc("2026-05-01T10:00"), Utc("2026-05-01T12:00"))!;
        Assert.Equal("2026-05-01T10:00 2026-05-01T11:00", Texts(timetable, Utc("2026-01-01T00:00"), 5));
        Assert.Equal("2026-05-01T11:00", Texts(timetable, Utc("2026-05-01T10:00"), 5));
        Assert.Null(timetable.NextAfter(Utc("2026-05-01T11:00")));
        Assert.Null(timetable.NextAfter(DateTimeOffset.MaxValue));
    }

    [Fact]
    public void The_last_ticks_of_a_long_time_are_found_without_a_look_at_all_of_it()
    {
        var timetable = Of("* * * * *", "UTC");
        var last = timetable.Last(Utc("1990-01-01T00:00"), Utc("2026-01-01T00:00"), 3);
        Assert.Equal([Utc("2025-12-31T23:58"), Utc("2025-12-31T23:59"), Utc("2026-01-01T00:00")], last);
        Assert.Equal([Utc("2025-12-31T23:59"), Utc("2026-01-01T00:00")], timetable.Last(Utc("2025-12-31T23:59"), Utc("2026-01-01T00:00"), 3));
        Assert.Equal([Utc("2020-02-29T00:00"), Utc("2024-02-29T00:00")], Of("0 0 29 2 *", "UTC").Last(Utc("1990-01-01T00:00"), Utc("2026-01-01T00:00"), 2));
        Assert.Empty(timetable.Last(Utc("2026-01-01T00:00"), Utc("2025-01-01T00:00"), 3));
    }

    [Theory]
    [InlineData("Mars/Olympus")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/localtime")]
    [InlineData("W. Europe Standard Time")]
    [InlineData("Europe/Berlin\0")]
    [InlineData("")]
    public void What_is_no_zone_is_told_so(string zone)
    {
        var checks = new FieldChecks();
        Assert.Null(Timetable.Read(checks, "* * * * *", zone, null, null));
        Assert.Equal(["time_zone"], Assert.Throws<PlatformException>(checks.ThrowIfAny).Fields.Select(f => f.Field));
    }

    private static Timetable Of(string cron, string zone) => Timetable.Read(new FieldChecks(), cron, zone, null, null)!;

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static string Texts(Timetable timetable, DateTimeOffset after, int count)
    {
        var texts = new List<string>();
        for (var tick = timetable.NextAfter(after); tick is { } time && texts.Count < count; tick = timetable.NextAfter(time))
            texts.Add($"{time.UtcDateTime:yyyy-MM-dd'T'HH:mm}");
        return string.Join(' ', texts);
    }
}
