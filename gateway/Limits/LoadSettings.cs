namespace AgentPlatform.Gateway;

/// <summary>Section <c>Limits</c>: how much one gateway takes on at a time. What comes beyond is told to come back, while what is there goes on at its pace.</summary>
public sealed class LoadSettings
{
    private const string Section = "Limits";
    private const int Maximum = 10_000_000;
    private const int BodyBytesMinimum = 16 * 1024 * 1024;

    /// <summary>Calls in progress that end by themselves.</summary>
    public int Calls { get; init; } = 1_000;

    /// <summary>Streams that are open, and calls that wait for something to do. Some ten KiB each.</summary>
    public int Streams { get; init; } = 25_000;

    /// <summary>Connections that are open.</summary>
    public int Connections { get; init; } = 25_000;

    /// <summary>Those of one address, of IPv6 one network of 64 bits; 0 for no limit but that of all.</summary>
    public int ConnectionsPerAddress { get; init; } = 1_000;

    /// <summary>
    /// What the bodies of REST and MCP calls in progress hold together. Each takes some five times as much for a moment, as text and as a message; gRPC's are handed on as they come.
    /// </summary>
    public int BodyBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Reads the section; what makes no sense stops the gateway from starting.</summary>
    public static LoadSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<LoadSettings>() ?? new LoadSettings();
        foreach (var (name, value) in new[] { (nameof(Calls), settings.Calls), (nameof(Streams), settings.Streams), (nameof(Connections), settings.Connections) })
            if (value is < 1 or > Maximum)
                throw new InvalidOperationException($"{Section}:{name} must be 1 to {Maximum}.");
        if (settings.ConnectionsPerAddress is < 0 or > Maximum)
            throw new InvalidOperationException($"{Section}:{nameof(ConnectionsPerAddress)} must be 0 to {Maximum}.");
        // Less, and the largest body would never be taken.
        if (settings.BodyBytes < BodyBytesMinimum)
            throw new InvalidOperationException($"{Section}:{nameof(BodyBytes)} must be {BodyBytesMinimum} or more.");
        return settings;
    }
}
