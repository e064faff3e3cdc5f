using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentPlatform;

/// <summary>
/// The two ports of every process. Without TLS there is no negotiation, so gRPC (HTTP/2) and health probes (HTTP/1.1) each
/// have one. With a certificate, the gRPC port takes both by ALPN, and the HTTP port stays for probes from the same machine.
/// </summary>
internal static class Listeners
{
    private const int DefaultGrpcPort = 8081;
    private const int DefaultHttpPort = 8080;

    // Who does not get on with it holds a connection for nothing.
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    public static void AddListeners(this WebApplicationBuilder builder)
    {
        // Loopback unless set: nothing is open to the network by accident.
        var address = IPAddress.Parse(builder.Configuration["BIND_ADDRESS"] ?? "127.0.0.1");
        var grpcPort = builder.Configuration.GetValue("GRPC_PORT", DefaultGrpcPort);
        var httpPort = builder.Configuration.GetValue("HTTP_PORT", DefaultHttpPort);
        var tls = builder.Configuration.GetSection("Tls").Get<TlsSettings>() ?? new TlsSettings();
        var isSecure = tls.IsOn();
        builder.Services.AddSingleton(tls);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, grpcPort, listener =>
            {
                listener.Protocols = isSecure ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http2;
                if (isSecure)
                    listener.UseHttps(Handshake(tls, kestrel.ApplicationServices));
                WaitForFirstWords(listener);
            });
            kestrel.Listen(address, httpPort, listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                WaitForFirstWords(listener);
            });
        });
    }

    private static void WaitForFirstWords(ListenOptions listener) => listener.Use(next => connection => FirstWords.WaitAsync(connection, next));

    private static TlsHandshakeCallbackOptions Handshake(TlsSettings settings, IServiceProvider services)
    {
        var certificate = new ServerCertificate(settings, services.GetRequiredService<ILogger<ServerCertificate>>(), TimeProvider.System);
        return new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = HandshakeTimeout,
            OnConnection = _ => ValueTask.FromResult(certificate.Options()),
        };
    }
}
