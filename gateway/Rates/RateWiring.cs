using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace AgentPlatform.Gateway;

/// <summary>Adds the rate limit, with Redis if there is one.</summary>
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
        // Of one gateway, its own count is the whole.
        if (string.IsNullOrEmpty(builder.Configuration.GetConnectionString(RedisName)))
            return;
        builder.AddRedisClient(RedisName);
        builder.Services.Configure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations.Where(c => c.Name.Contains(RedisName, StringComparison.OrdinalIgnoreCase)))
                check.FailureStatus = HealthStatus.Degraded;
        });
        builder.Services.AddSingleton<Cache>();
        builder.Services.AddSingleton<RateLedger>();
        builder.Services.AddHostedService<LedgerConnection>();
    }

    // The client connects when it is made, and blocks for seconds when Redis hangs, for which no call shall wait.
    private sealed class LedgerConnection(Cache cache, IServiceProvider services) : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
            Task.Run(() => cache.Use(services.GetRequiredService<IConnectionMultiplexer>()), stoppingToken);
    }
}
