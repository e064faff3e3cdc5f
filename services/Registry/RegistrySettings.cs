namespace AgentPlatform.Registry;

/// <summary>Section <c>Registry</c>.</summary>
public sealed class RegistrySettings
{
    /// <summary>How many streams and waiting polls an instance bears at a time; one at rest costs some ten KiB.</summary>
    public const int StreamsMaximum = 10_000;

    private const string Section = "Registry";

    /// <summary>How often agents are told to send heartbeats.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after its last heartbeat an agent still counts as online.</summary>
    public TimeSpan OfflineAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Reads the section; settings by which no agent could ever stay online stop the service from starting.</summary>
    public static RegistrySettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<RegistrySettings>() ?? new RegistrySettings();
        if (settings.HeartbeatInterval <= TimeSpan.Zero || settings.OfflineAfter <= settings.HeartbeatInterval)
            throw new InvalidOperationException("Registry:HeartbeatInterval must be positive, and Registry:OfflineAfter longer than it.");
        return settings;
    }
}
