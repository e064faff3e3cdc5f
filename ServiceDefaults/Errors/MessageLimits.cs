namespace AgentPlatform;

/// <summary>How large and how long a call may be.</summary>
public static class MessageLimits
{
    /// <summary>The largest message a service takes, 4 MiB: gRPC's own default, and more than any request here needs.</summary>
    public const int ReceiveBytes = 4 * 1024 * 1024;

    /// <summary>The deadline of a unary call whose caller set none; without one a stuck call would hold its connection for ever.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(30);
}
