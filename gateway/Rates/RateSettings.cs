namespace AgentPlatform.Gateway;

/// <summary>Section <c>RateLimit</c>: how often a caller may call. All gateways of a platform have the same.</summary>
public sealed class RateSettings
{
    private const string Section = "RateLimit";
    private const int Maximum = 1_000_000_000;

    /// <summary>Calls a minute of one caller, over all gateways together. 0 for no limit.</summary>
    public int Calls { get; init; } = 100;

    /// <summary>How many of them may come at once, after a rest.</summary>
    public int Burst { get; init; } = 100;

    /// <summary>What a call costs that changes nothing; one that changes something costs 1.</summary>
    public double ReadCost { get; init; } = 0.2;

    /// <summary>
    /// Calls a minute, at each gateway, of one agent or service to what only these may call: heartbeats, tasks, telemetry, spending. 0 for no limit. Many times what
    /// an agent in order sends: it is there for one that has run wild.
    /// </summary>
    public int Machine { get; init; } = 3_000;

    /// <summary>Calls a minute, at each gateway, from one address (of IPv6: from one /64) that bring no valid token. 0 for no limit.</summary>
    public int Strangers { get; init; } = 1_200;

    /// <summary>Reads the section; what makes no sense stops the gateway from starting.</summary>
    public static RateSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<RateSettings>() ?? new RateSettings();
        foreach (var (name, value, least) in new[] { (nameof(Calls), settings.Calls, 0), (nameof(Burst), settings.Burst, 1), (nameof(Machine), settings.Machine, 0), (nameof(Strangers), settings.Strangers, 0) })
            if (value < least || value > Maximum)
                throw new InvalidOperationException($"{Section}:{name} must be {least} to {Maximum}.");
        if (settings.ReadCost is not (>= 0.01 and <= 1))
            throw new InvalidOperationException($"{Section}:{nameof(ReadCost)} must be 0.01 to 1.");
        return settings;
    }
}
