using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;

namespace AgentPlatform;

/// <summary>
/// The two ports of every process. Without TLS there is no negotiation, so gRPC (HTTP/2) and health probes (HTTP/1.1) each
/// have one. With a certificate, the gRPC port takes both by ALPN, and the HTTP port stays for probes from the same machine.
/// </summary>
internal static class Listeners
{
    private const int DefaultGrpcPort = 8081;
    private const int DefaultHttpPort = 8080;

    public static void AddListeners(this WebApplicationBuilder builder)
    {
        // Loopback unless set: nothing is open to the network by accident.
        var address = IPAddress.Parse(builder.Configuration["BIND_ADDRESS"] ?? "127.0.0.1");
        var grpcPort = builder.Configuration.GetValue("GRPC_PORT", DefaultGrpcPort);
        var httpPort = builder.Configuration.GetValue("HTTP_PORT", DefaultHttpPort);
        var tls = ReadTls(builder.Configuration.GetSection("Tls").Get<TlsSettings>() ?? new TlsSettings());
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, grpcPort, listener =>
            {
                listener.Protocols = tls is null ? HttpProtocols.Http2 : HttpProtocols.Http1AndHttp2;
                if (tls is not null)
                    listener.UseHttps(tls);
            });
            kestrel.Listen(address, httpPort, listener => listener.Protocols = HttpProtocols.Http1);
        });
    }

    private static HttpsConnectionAdapterOptions? ReadTls(TlsSettings settings)
    {
        if (settings.CertificatePath.Length == 0 && settings.KeyPath.Length == 0)
            return null;
        if (settings.CertificatePath.Length == 0 || settings.KeyPath.Length == 0)
            throw new InvalidOperationException("Set both Tls:CertificatePath and Tls:KeyPath, or neither.");

        // The file may go on with intermediate certificates; clients that know only the root need them.
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(settings.CertificatePath);
        return new HttpsConnectionAdapterOptions
        {
            ServerCertificate = X509Certificate2.CreateFromPemFile(settings.CertificatePath, settings.KeyPath),
            ServerCertificateChain = chain,
        };
    }
}
