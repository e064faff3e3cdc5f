namespace AgentPlatform.Sessions;

/// <summary>Section <c>Webhooks</c>.</summary>
public sealed class WebhookSettings
{
    private const string Section = "Webhooks";
    private const int MostAtOnce = 64;

    // An attempt must be over, and written down, before anybody else may take it for lost.
    private static readonly TimeSpan LeaseBeyondTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// File with the keys that secrets are derived from: a line each, 32 bytes or more in base64, the present one first. All instances share it. In
    /// development it is made when missing. Without one there are no webhooks.
    /// </summary>
    public string KeyFile { get; init; } = "";

    /// <summary>Whether targets may be <c>http</c>, where anybody on the way can read along.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>Which private addresses may be targets: networks with commas between them, such as <c>10.1.0.0/16</c>, or <c>true</c> for all.</summary>
    public string AllowPrivateTargets { get; init; } = "";

    /// <summary>For how long a message that is not taken is tried again.</summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long the secret before signs as well after a rotation.</summary>
    public TimeSpan PreviousSecretFor { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long an attempt may take in all.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an attempt stays with an instance that died, before another makes it again.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many messages one instance sends to one target at once.</summary>
    public int AtOncePerTarget { get; init; } = 8;

    /// <summary>How long a delivery is kept after its end.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often those that have come to their time are looked for.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads the section; settings that cannot work stop the service from starting.</summary>
    public static WebhookSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<WebhookSettings>() ?? new WebhookSettings();
        if (settings.RetryFor < TimeSpan.Zero || settings.PreviousSecretFor < TimeSpan.Zero || settings.Retention <= TimeSpan.Zero || settings.SweepEvery <= TimeSpan.Zero)
            throw new InvalidOperationException("Webhooks:RetryFor and Webhooks:PreviousSecretFor must not be negative, Webhooks:Retention and Webhooks:SweepEvery be positive.");
        if (settings.Timeout <= TimeSpan.Zero || settings.Lease < settings.Timeout + LeaseBeyondTimeout)
            throw new InvalidOperationException($"Webhooks:Timeout must be positive, and Webhooks:Lease {LeaseBeyondTimeout.TotalSeconds} s longer at least.");
        if (settings.AtOncePerTarget is < 1 or > MostAtOnce)
            throw new InvalidOperationException($"Webhooks:AtOncePerTarget must be 1 to {MostAtOnce}.");
        return settings;
    }
}
