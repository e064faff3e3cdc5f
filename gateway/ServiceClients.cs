using System.Text;
using Yarp.ReverseProxy.Forwarder;

namespace AgentPlatform.Gateway;

/// <summary>How the gateway connects to services. The proxy has switched off already what a proxy must not have: cookies, redirects, decompression, a proxy of its own.</summary>
internal sealed class ServiceClients(IConfiguration configuration, ILogger<ForwarderHttpClientFactory> log) : ForwarderHttpClientFactory(log)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    // New connections now and then, so that instances added behind one name get their share.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(10);

    // What may lie here of one answer for a caller who does not take it. With the usual 64 KiB, which is one piece of a file, the service waits for leave to go on after each.
    private const int StreamWindowBytes = 256 * 1024;

    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        // No span of each call that nobody would see; ForwardingMiddleware says which trace it belongs to.
        if (!Telemetry.IsCollected(configuration))
            handler.ActivityHeadersPropagator = null;
        handler.ConnectTimeout = ConnectTimeout;
        // As the server reads them. Without it a header beyond ASCII could not be handed on, which would look like the instance's failure.
        handler.RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8;
        handler.InitialHttp2StreamWindowSize = StreamWindowBytes;
        handler.PooledConnectionLifetime = ConnectionLifetime;
        handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        handler.KeepAlivePingDelay = GatewayLimits.PingAfterSilence;
        handler.KeepAlivePingTimeout = GatewayLimits.PingTimeout;
    }

    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) => new WholeRequestHandler(handler);
}
