namespace AgentPlatform.Registry;

/// <summary>Section <c>Registry</c>.</summary>
public sealed class RegistrySettings
{
    /// <summary>How many streams and waiting polls an instance bears at a time; one at rest costs some ten KiB.</summary>
    public const int StreamsMaximum = 10_000;

    private const string Section = "Registry";

    /// <summary>How often agents are told to send heartbeats.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an agent may be silent and still counts as online.</summary>
    public TimeSpan OfflineAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often agents that fell silent are looked for, and the platform's own beat is noted.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A gap in the platform's own beats that counts as an outage: after it every agent has its full silence again.</summary>
    public TimeSpan OutageAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How old what a heartbeat is checked by may be, when word of a change was lost.</summary>
    public TimeSpan ViewLifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long events of agents are kept.</summary>
    public TimeSpan EventRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Reads the section; settings by which no agent could ever stay online stop the service from starting.</summary>
    public static RegistrySettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<RegistrySettings>() ?? new RegistrySettings();
        if (settings.HeartbeatInterval <= TimeSpan.Zero || settings.OfflineAfter <= settings.HeartbeatInterval)
            throw new InvalidOperationException("Registry:HeartbeatInterval must be positive, and Registry:OfflineAfter longer than it.");
        if (settings.SweepEvery <= TimeSpan.Zero || settings.OutageAfter <= settings.SweepEvery || settings.ViewLifetime <= TimeSpan.Zero || settings.EventRetention <= TimeSpan.Zero)
            throw new InvalidOperationException("Registry:SweepEvery, ViewLifetime and EventRetention must be positive, and Registry:OutageAfter longer than SweepEvery.");
        return settings;
    }
}
