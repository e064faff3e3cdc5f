using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AgentPlatform.Gateway;

/// <summary>Adds the health of every service to the gateway's own: it can serve when each of them can.</summary>
public static class ServiceHealth
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    public static void AddServiceHealth(this WebApplicationBuilder builder)
    {
        builder.Services.AddHttpClient(nameof(ServiceHealth), client => client.Timeout = AnswerTimeout);
        var checks = builder.Services.AddHealthChecks();
        foreach (var service in GatewayRoutes.Services)
        {
            var instances = GatewayRoutes.Addresses(builder.Configuration, service, "http").Select(address => new Uri(new Uri(address), "/health")).ToList();
            builder.Services.AddKeyedSingleton(service, (services, _) =>
                ActivatorUtilities.CreateInstance<ServiceHealthCheck>(services, (IReadOnlyList<Uri>)instances));
            checks.Add(new HealthCheckRegistration(service, services => services.GetRequiredKeyedService<ServiceHealthCheck>(service), HealthStatus.Unhealthy, tags: null));
        }
    }
}
