using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPlatform.Gateway;

/// <summary>How many calls a connection carries, how soon a dead one is noticed, and how much is taken on at a time.</summary>
public static class GatewayLimits
{
    // An SDK holds one connection for all that its process does: watch streams that stay open, and calls beside them. With
    // HTTP/2's usual 100 the hundred-and-first would wait in the client without a word. A stream at rest costs a few KiB.
    private const int StreamsPerConnection = 1_000;

    // Slower than this nobody says which call he wants to make. Bodies by REST must come at the server's usual 240 bytes a second.
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    // Beyond the server's usual limits (32 KiB of headers, 100 of them) a connection or a call ends; a token and what goes with it has a tenth of that.
    private const int HeaderFieldBytes = 16 * 1024;

    /// <summary>A peer that is gone without a word, as behind a NAT that forgot it, is found after both together.</summary>
    public static readonly TimeSpan PingAfterSilence = TimeSpan.FromSeconds(20);

    /// <summary>How long the answer to a ping may take.</summary>
    public static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Sets them. Before the listeners are added, which it guards.</summary>
    public static void AddGatewayLimits(this WebApplicationBuilder builder)
    {
        var load = LoadSettings.Read(builder.Configuration);
        builder.Services.AddSingleton(load);
        builder.Services.AddSingleton<LoadGate>();
        builder.Services.AddSingleton<ConnectionGate>();
        builder.WebHost.ConfigureKestrel(kestrel => Tune(kestrel, load));
    }

    private static void Tune(KestrelServerOptions kestrel, LoadSettings load)
    {
        kestrel.ConfigureEndpointDefaults(listener => kestrel.ApplicationServices.GetRequiredService<ConnectionGate>().Guard(listener));
        kestrel.Limits.MaxConcurrentConnections = load.Connections;
        kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = HeaderFieldBytes;
        kestrel.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        kestrel.Limits.Http2.KeepAlivePingDelay = PingAfterSilence;
        kestrel.Limits.Http2.KeepAlivePingTimeout = PingTimeout;
    }
}
