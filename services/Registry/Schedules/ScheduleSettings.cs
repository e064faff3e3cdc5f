namespace AgentPlatform.Registry;

/// <summary>Section <c>Schedules</c>.</summary>
public sealed class ScheduleSettings
{
    /// <summary>How often schedules that are due are looked for: a tick is taken so much late at most.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How late a tick may be taken and does not count as missed.</summary>
    public TimeSpan MissedAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long it is kept what came of a tick.</summary>
    public TimeSpan RunRetention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Reads the section; settings by which every tick would be missed stop the service from starting.</summary>
    public static ScheduleSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection("Schedules").Get<ScheduleSettings>() ?? new ScheduleSettings();
        return settings.SweepEvery > TimeSpan.Zero && settings.MissedAfter > settings.SweepEvery && settings.RunRetention > TimeSpan.Zero ? settings
            : throw new InvalidOperationException("Schedules:SweepEvery and RunRetention must be positive, and Schedules:MissedAfter longer than SweepEvery.");
    }
}
