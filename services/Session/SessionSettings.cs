namespace AgentPlatform.Sessions;

/// <summary>Section <c>Sessions</c>.</summary>
public sealed class SessionSettings
{
    private const string Section = "Sessions";

    /// <summary>
    /// How long a session may be left alone before it expires, unless it was opened with a time of its own. A week, because a session that waits
    /// for a person must outlive a long weekend.
    /// </summary>
    public TimeSpan ExpireAfter { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long an ended session is kept, with all that belongs to it.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often those that have come to their time are looked for.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads the section; settings that cannot work stop the service from starting.</summary>
    public static SessionSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<SessionSettings>() ?? new SessionSettings();
        if (settings.ExpireAfter < SessionRules.TtlMinimum || settings.ExpireAfter > SessionRules.TtlMaximum)
            throw new InvalidOperationException("Sessions:ExpireAfter must be a second to 366 days.");
        if (settings.Retention <= TimeSpan.Zero || settings.SweepEvery <= TimeSpan.Zero)
            throw new InvalidOperationException("Sessions:Retention and Sessions:SweepEvery must be positive.");
        return settings;
    }
}
