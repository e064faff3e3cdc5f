using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

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
        builder.AddDrain();
        builder.AddPlatformGrpc();
        builder.AddListeners();
        return builder;
    }

    private static void AddDrain(this WebApplicationBuilder builder)
    {
        var settings = builder.Configuration.GetSection("Drain").Get<DrainSettings>() ?? new DrainSettings();
        builder.Services.AddSingleton(settings);
        builder.Services.AddHostedService<Drain>();
        builder.Services.AddHealthChecks().AddCheck<Drain>("serving");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = settings.ReadinessLead + settings.InFlight);
    }

    /// <summary>Maps what <see cref="AddServiceDefaults"/> added. The correlation id comes first, so that every answer has one.</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        // Whose token it is, and what he may, AccessInterceptor and the gateway find out by themselves; ASP.NET Core would put its own two before every call.
        IApplicationBuilder pipeline = app;
        pipeline.Properties["__AuthenticationMiddlewareSet"] = true;
        pipeline.Properties["__AuthorizationMiddlewareSet"] = true;
        app.UseMiddleware<CorrelationMiddleware>();
        app.UseMiddleware<StatusDetailsMiddleware>();
        app.MapHealth();
        app.MapGrpcService<GrpcHealth>();
        return app;
    }
}
