namespace AgentPlatform.Sessions;

/// <summary>Section <c>Sessions</c>.</summary>
public sealed class SessionSettings
{
    private const string Section = "Sessions";

    /// <summary>How long a session is kept after its end, unless it is held.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often those that have outlived it are removed.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Reads the section; settings that cannot work stop the service from starting.</summary>
    public static SessionSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<SessionSettings>() ?? new SessionSettings();
        return settings.Retention >= TimeSpan.Zero && settings.SweepEvery > TimeSpan.Zero ? settings
            : throw new InvalidOperationException("Sessions:Retention must not be negative, and Sessions:SweepEvery must be positive.");
    }
}
