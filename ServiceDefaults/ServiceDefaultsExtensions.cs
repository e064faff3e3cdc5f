using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AgentPlatform;

/// <summary>What the gateway and every service have in common.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>Adds telemetry, bearer authentication, gRPC with access and errors, health checks and the two listeners.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder)
    {
        builder.AddTelemetry();
        builder.AddBearerAuthentication();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddHealthChecks();
        builder.AddPlatformGrpc();
        builder.AddListeners();
        return builder;
    }

    /// <summary>Maps what <see cref="AddServiceDefaults"/> added. The correlation id comes first, so that every answer has one.</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.UseMiddleware<CorrelationMiddleware>();
        app.UseMiddleware<StatusDetailsMiddleware>();
        app.MapHealth();
        app.MapGrpcService<GrpcHealth>();
        return app;
    }
}
