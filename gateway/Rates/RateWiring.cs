using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AgentPlatform.Gateway;

/// <summary>Adds the rate limit, and Redis, if there is one, for it and for what gateways tell each other.</summary>
public static class RateWiring
{
    private const string RedisName = "redis";

    public static void AddRateLimit(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(RateSettings.Read(builder.Configuration));
        builder.Services.AddSingleton<RateRules>();
        builder.Services.AddSingleton<RateLimiter>();
        builder.Services.AddSingleton<RateMetrics>();
        builder.Services.AddHostedService<RateSweeper>();
        builder.Services.AddSingleton(new ServiceName("gateway"));
        builder.Services.AddSingleton<Cache>();
        builder.Services.AddSingleton<Wakeups>();
        // Of one gateway, its own count is the whole.
        if (string.IsNullOrEmpty(builder.Configuration.GetConnectionString(RedisName)))
            return;
        builder.AddRedisClient(RedisName);
        builder.Services.Configure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations.Where(c => c.Name.Contains(RedisName, StringComparison.OrdinalIgnoreCase)))
                check.FailureStatus = HealthStatus.Degraded;
        });
        builder.Services.AddSingleton<RateLedger>();
        builder.Services.AddHostedService<CacheConnection>();
    }
}
