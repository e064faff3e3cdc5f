namespace AgentPlatform.Registry;

/// <summary>
/// The ticks of a schedule: when a cron expression fires by the clocks of a time zone, between a start and an end. Where clocks are set forward, the ticks of the
/// gap are one, at its end; where they are set back, the first of two equal times counts. An expression of every hour fires in real time instead, and so
/// neither makes up for an hour nor waits one out. No I/O.
/// </summary>
public sealed class Timetable
{
    // Within it the days of an expression that fires by real time are looked for: February 29 may be eight years away.
    private static readonly TimeSpan Search = TimeSpan.FromDays(9 * 366);

    // Further than any offset, and nearer than two changes ever are.
    private static readonly TimeSpan AroundChange = TimeSpan.FromHours(36);

    private readonly Cron _cron;
    private readonly TimeZoneInfo _zone;
    private readonly DateTimeOffset? _start;
    private readonly DateTimeOffset? _end;

    private Timetable(Cron cron, TimeZoneInfo zone, DateTimeOffset? start, DateTimeOffset? end) => (_cron, _zone, _start, _end) = (cron, zone, start, end);

    /// <summary>Reads a timetable, and notes what is wrong with it; null when something is.</summary>
    public static Timetable? Read(FieldChecks checks, string cron, string timeZone, DateTimeOffset? start, DateTimeOffset? end)
    {
        var isCron = Cron.TryParse(cron, out var parsed, out var problem);
        var isZone = TryFindZone(timeZone, out var zone);
        var isForward = start is null || end is null || start < end;
        checks.Require(isCron, "cron", problem).Require(isZone, "time_zone", "is no time zone of the IANA database that is known here")
            .Require(isForward, "end_time", "is not after start_time");
        return isCron && isZone && isForward ? new Timetable(parsed!, zone!, start, end) : null;
    }

    /// <summary>The timetable of a schedule that was read before; null when this instance no longer understands it, for want of its zone's data.</summary>
    public static Timetable? Of(ScheduleContent content) =>
        Cron.TryParse(content.Cron, out var cron, out _) && TryFindZone(content.TimeZone, out var zone) ? new Timetable(cron, zone!, content.StartAt, content.EndAt) : null;

    /// <summary>The same without its end.</summary>
    public Timetable Endless => new(_cron, _zone, _start, null);

    /// <summary>The first tick after a time; null when there is none.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset time)
    {
        var after = _start is { } start && time < start ? start.AddTicks(-1) : time;
        // Beyond it, adding days would leave the calendar.
        if (after.Year >= DateTime.MaxValue.Year - 10)
            return null;
        var next = _cron.IsOfEveryHour ? NextByRealTime(after) : NextByWallClock(after);
        return next is { } tick && (_end is null || tick < _end) ? tick : null;
    }

    /// <summary>The first tick at a time or after it.</summary>
    public DateTimeOffset? NextFrom(DateTimeOffset time) => NextAfter(time.AddTicks(-1));

    /// <summary>The last ticks from one time to another, both included, so many at most; the earliest first.</summary>
    public IReadOnlyList<DateTimeOffset> Last(DateTimeOffset from, DateTimeOffset until, int atMost)
    {
        // Back from the end in windows that grow: so the work goes by the number of ticks that are wanted, and not of those that were missed.
        for (var window = TimeSpan.FromHours(1); ; window *= 4)
        {
            var begin = until - from <= window ? from : until - window;
            var ticks = new Queue<DateTimeOffset>();
            for (var tick = NextFrom(begin); tick <= until; tick = NextAfter(tick.Value))
            {
                ticks.Enqueue(tick.Value);
                if (ticks.Count > atMost)
                    ticks.Dequeue();
            }
            if (ticks.Count == atMost || begin == from)
                return [.. ticks];
        }
    }

    /// <summary>A time as clocks of the zone show it.</summary>
    public DateTimeOffset Local(DateTimeOffset time) => TimeZoneInfo.ConvertTime(time, _zone);

    private DateTimeOffset? NextByWallClock(DateTimeOffset after)
    {
        // Later minutes of the clock are no earlier in time, so the first that is late enough is the next. Those that are not were named
        // before the clock was set back.
        for (var wall = _cron.NextAfter(Local(after).DateTime); wall is not null; wall = _cron.NextAfter(wall.Value))
            if (FirstAt(wall.Value) is var tick && tick > after)
                return tick;
        return null;
    }

    private DateTimeOffset? NextByRealTime(DateTimeOffset after)
    {
        var giveUpAt = after + Search;
        var time = new DateTimeOffset(after.UtcTicks - after.UtcTicks % TimeSpan.TicksPerMinute, TimeSpan.Zero).AddMinutes(1);
        while (time < giveUpAt)
        {
            var wall = Local(time).DateTime;
            if (_cron.IsAt(wall))
                return time;
            // Half a day never leads past a day that nobody has looked at, however clocks are set.
            var day = DateOnly.FromDateTime(wall);
            time = _cron.IsOn(day) || _cron.IsOn(day.AddDays(1)) ? time.AddMinutes(1) : time.AddHours(12);
        }
        return null;
    }

    // The first moment at which clocks show this time, or would have, had they not been set forward past it. Found by the offsets before and after: what the zone
    // itself says of gaps leaves out those of a new standard time.
    private DateTimeOffset FirstAt(DateTime wall)
    {
        while (true)
        {
            var about = new DateTimeOffset(wall, TimeSpan.Zero);
            var before = about - _zone.GetUtcOffset(about - AroundChange);
            if (Local(before).DateTime == wall)
                return before;
            var after = about - _zone.GetUtcOffset(about + AroundChange);
            if (Local(after).DateTime == wall)
                return after;
            wall = wall.AddMinutes(1);
        }
    }

    // Names alone: what looks up zones reads files, and the text is somebody else's.
    private static bool TryFindZone(string id, out TimeZoneInfo? zone)
    {
        zone = null;
        return id.Length is > 0 and <= 64 && char.IsAsciiLetter(id[0]) && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '+' or '-')
            && TimeZoneInfo.TryFindSystemTimeZoneById(id, out zone);
    }
}
