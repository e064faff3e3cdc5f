namespace AgentPlatform.Registry;

/// <summary>Section <c>Telemetry</c>.</summary>
public sealed class TelemetrySettings
{
    /// <summary>How long points are kept, in whole days of UTC.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How often the days that are past it are removed, and those to come are made ready.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many points may wait to be written, in one instance.</summary>
    public int QueuePoints { get; init; } = 50_000;

    /// <summary>Reads the section; settings that cannot work stop the service from starting.</summary>
    public static TelemetrySettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection("Telemetry").Get<TelemetrySettings>() ?? new TelemetrySettings();
        if (settings.Retention < TelemetryRules.LongestAgo + TimeSpan.FromDays(1) || settings.SweepEvery <= TimeSpan.Zero || settings.QueuePoints < TelemetryRules.MaximumPoints)
            throw new InvalidOperationException(
                $"Telemetry:Retention must be at least {TelemetryRules.LongestAgo.Days + 1} days, Telemetry:SweepEvery positive, and Telemetry:QueuePoints at least {TelemetryRules.MaximumPoints}.");
        return settings;
    }
}
