using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace AgentPlatform;

/// <summary>
/// Connects the cache beside the start of the process: the client connects when it is made, and blocks for seconds when Redis
/// hangs, for which no call shall wait.
/// </summary>
public sealed class CacheConnection(Cache cache, Wakeups wakeups, IServiceProvider services) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.Run(() =>
        {
            var redis = services.GetRequiredService<IConnectionMultiplexer>();
            cache.Use(redis);
            wakeups.Use(redis);
        }, stoppingToken);
}
