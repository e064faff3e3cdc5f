using Microsoft.Extensions.DependencyInjection;

namespace AgentPlatform.AppHost;

/// <summary>
/// Postgres and Redis as processes of this machine, for where there is no container runtime: reachable from this machine alone,
/// at ports chosen at start, with passwords, and with their data in the data folder.
/// </summary>
internal static class LocalServers
{
    /// <summary>The only address that they listen at.</summary>
    public const string Host = "127.0.0.1";

    /// <summary>Adds Postgres, with a new and empty cluster at the first start. The migrator creates the database.</summary>
    public static async Task<IResourceBuilder<LocalPostgresResource>> AddLocalPostgresAsync(
        this IDistributedApplicationBuilder builder, string name, string databaseName, DataFolder data)
    {
        var cluster = await LocalPostgres.PrepareAsync(data);
        var port = Loopback.FreePort();
        var resource = new LocalPostgresResource(name, cluster.Folder, port, databaseName, cluster.Password);

        builder.Services.AddHealthChecks().AddAsyncCheck(name, stopping => ServerProbe.PostgresAsync(port, stopping));
        return builder.AddResource(resource)
            .WithEndpoint(port: port, scheme: "tcp", name: LocalPostgresResource.EndpointName, isProxied: false)
            .WithArgs(cluster.Arguments(port))
            .WithHealthCheck(name);
    }

    /// <summary>Adds Redis, which begins empty: it holds nothing that Postgres does not know.</summary>
    public static IResourceBuilder<LocalRedisResource> AddLocalRedis(this IDistributedApplicationBuilder builder, string name, DataFolder data)
    {
        var program = Command.Find("redis-server", ["/usr/local/bin", "/opt/homebrew/bin"])
            ?? throw Exit.With("redis-server is missing: install Redis 7 or newer (on Debian and Ubuntu: apt-get install redis-server)");
        var port = Loopback.FreePort();
        var password = Secret.New();
        var folder = Directory.CreateDirectory(data.File("redis")).FullName;
        var configuration = Path.Combine(folder, "redis.conf");
        // In a file, because everybody on the machine can see a command line.
        Secret.Write(configuration, $"""
            bind {Host}
            port {port}
            requirepass {password}
            dir "{folder}"
            save ""
            appendonly no
            maxmemory 512mb
            maxmemory-policy allkeys-lru
            """);

        builder.Services.AddHealthChecks().AddAsyncCheck(name, stopping => ServerProbe.RedisAsync(port, password, stopping));
        return builder.AddResource(new LocalRedisResource(name, program, folder, password))
            .WithEndpoint(port: port, scheme: "tcp", name: LocalRedisResource.EndpointName, isProxied: false)
            .WithArgs(configuration)
            .WithHealthCheck(name);
    }
}
