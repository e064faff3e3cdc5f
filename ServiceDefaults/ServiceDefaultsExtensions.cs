using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AgentPlatform;

/// <summary>What the gateway and every service have in common.</summary>
public static class ServiceDefaultsExtensions
{
    private const int DefaultGrpcPort = 8081;
    private const int DefaultHttpPort = 8080;

    /// <summary>Adds telemetry, bearer authentication, health checks and the two listeners.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder)
    {
        builder.AddTelemetry();
        builder.AddBearerAuthentication();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddHealthChecks();
        builder.AddListeners();
        return builder;
    }

    /// <summary>Maps what <see cref="AddServiceDefaults"/> added. The correlation id comes first, so that every answer has one.</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.UseMiddleware<CorrelationMiddleware>();
        app.MapHealth();
        return app;
    }

    // Without TLS there is no negotiation, so gRPC (HTTP/2) and health probes (HTTP/1.1) each have a port. BIND_ADDRESS is
    // loopback unless set: nothing is open to the network by accident.
    private static void AddListeners(this WebApplicationBuilder builder)
    {
        var address = IPAddress.Parse(builder.Configuration["BIND_ADDRESS"] ?? "127.0.0.1");
        var grpcPort = builder.Configuration.GetValue("GRPC_PORT", DefaultGrpcPort);
        var httpPort = builder.Configuration.GetValue("HTTP_PORT", DefaultHttpPort);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, grpcPort, listener => listener.Protocols = HttpProtocols.Http2);
            kestrel.Listen(address, httpPort, listener => listener.Protocols = HttpProtocols.Http1);
        });
    }
}
