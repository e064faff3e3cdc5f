namespace AgentPlatform.Gateway;

/// <summary>How many calls a connection carries, and how soon a dead one is noticed.</summary>
public static class GatewayLimits
{
    // An SDK holds one connection for all that its process does: watch streams that stay open, and calls beside them. With
    // HTTP/2's usual 100 the hundred-and-first would wait in the client without a word. A stream at rest costs a few KiB.
    private const int StreamsPerConnection = 1_000;

    /// <summary>A peer that is gone without a word, as behind a NAT that forgot it, is found after both together.</summary>
    public static readonly TimeSpan PingAfterSilence = TimeSpan.FromSeconds(20);

    /// <summary>How long the answer to a ping may take.</summary>
    public static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    public static void AddGatewayLimits(this WebApplicationBuilder builder) => builder.WebHost.ConfigureKestrel(kestrel =>
    {
        kestrel.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        kestrel.Limits.Http2.KeepAlivePingDelay = PingAfterSilence;
        kestrel.Limits.Http2.KeepAlivePingTimeout = PingTimeout;
    });
}
