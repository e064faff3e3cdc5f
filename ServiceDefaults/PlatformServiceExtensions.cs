using AgentPlatform.Contracts.Audit.V1;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace AgentPlatform;

/// <summary>What every gRPC service has in common, beyond <see cref="ServiceDefaultsExtensions"/>.</summary>
public static class PlatformServiceExtensions
{
    private const string ConnectionName = "agentplatform";
    private const int ConnectTimeoutSeconds = 2;
    private const int CommandTimeoutSeconds = 15;
    private const int PreparedStatements = 64;
    private static readonly TimeSpan HealthCheckTimeout = TimeSpan.FromSeconds(1.5);

    /// <summary>Adds the defaults, and the unit of work over the service's own schema.</summary>
    public static WebApplicationBuilder AddPlatformService(this WebApplicationBuilder builder, string name)
    {
        builder.AddServiceDefaults();
        builder.Services.AddSingleton(new ServiceName(name));
        builder.AddUnitOfWork(name);
        // After access and errors, which the defaults have added.
        builder.Services.AddSingleton<IdempotencyInterceptor>();
        builder.Services.Configure<GrpcServiceOptions>(options => options.Interceptors.Add<IdempotencyInterceptor>());
        return builder;
    }

    /// <summary>Sends the service's audit entries to Audit. Every service does, but Audit itself.</summary>
    public static WebApplicationBuilder AddAuditRelay(this WebApplicationBuilder builder)
    {
        builder.AddPlatformClient<AuditService.AuditServiceClient>("audit");
        builder.Services.AddSingleton(builder.Configuration.GetSection("Identity").Get<IdentitySettings>() ?? new IdentitySettings());
        builder.Services.AddHttpClient(nameof(ServiceIdentity));
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<ServiceIdentity>(
            services, services.GetRequiredService<IHttpClientFactory>().CreateClient(nameof(ServiceIdentity))));
        builder.Services.AddSingleton<OutboxBacklog>();
        builder.Services.AddHealthChecks().AddCheck<OutboxBacklog>("outbox");
        builder.Services.AddHostedService<AuditRelay>();
        builder.Services.AddHostedService<OutboxWatch>();
        return builder;
    }

    /// <summary>Maps a gRPC service, what it tells about itself, and the defaults. Refuses to start when a method has no access rule.</summary>
    public static void MapPlatformService<TService>(this WebApplication app) where TService : class
    {
        app.UseMiddleware<DeadlineMiddleware>();
        app.MapServiceDefaults();
        app.MapGrpcService<TService>();
        app.MapGrpcService<OperationsService>();

        var rules = app.Services.GetRequiredService<AccessRules>();
        var open = ((IEndpointRouteBuilder)app).DataSources.SelectMany(d => d.Endpoints)
            .Select(e => e.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.FullName)
            .Where(m => m is not null && rules.Find(m) is null).ToList();
        if (open.Count > 0)
            throw new InvalidOperationException($"No access rule for {string.Join(", ", open)}.");
    }

    internal static void AddPlatformGrpc(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AccessRules>();
        builder.Services.AddSingleton(new ConstraintErrors());
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = MessageLimits.ReceiveBytes;
            options.Interceptors.Add<ErrorInterceptor>();
            options.Interceptors.Add<AccessInterceptor>();
        });
        // One of each for the process: they hold no state of a call.
        builder.Services.AddSingleton<ErrorInterceptor>();
        builder.Services.AddSingleton<AccessInterceptor>();
    }

    private static void AddUnitOfWork(this WebApplicationBuilder builder, string name)
    {
        var pool = builder.Configuration.GetSection("Pool").Get<PoolSettings>() ?? new PoolSettings();
        builder.AddNpgsqlDataSource(ConnectionName, configureDataSourceBuilder: source =>
        {
            var connection = source.ConnectionStringBuilder;
            connection.ApplicationName = name;
            // One beyond what the tiers share out, for the health probe: a pool that is all in use is no dead database.
            connection.MaxPoolSize = pool.Connections + 1;
            connection.Timeout = ConnectTimeoutSeconds;
            connection.CommandTimeout = CommandTimeoutSeconds;
            connection.MaxAutoPrepare = PreparedStatements;
            // We leave nothing on a connection that its next user does not set anew.
            connection.NoResetOnClose = true;
        });
        builder.AddRedisClient("redis");
        // Redis is only ever fast: without it a service is slower, not wrong, so it is degraded and not dead.
        builder.Services.Configure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations)
            {
                // A server that hangs must not make the probe hang as well.
                check.Timeout = HealthCheckTimeout;
                if (check.Name.Contains("redis", StringComparison.OrdinalIgnoreCase))
                    check.FailureStatus = HealthStatus.Degraded;
            }
        });
        builder.Services.AddSingleton(builder.Configuration.GetSection("Idempotency").Get<IdempotencySettings>() ?? new IdempotencySettings());
        builder.Services.AddSingleton(pool);
        builder.Services.AddSingleton<TieredPool>();
        builder.Services.AddSingleton<ConnectionTags>();
        builder.Services.AddSingleton<GroupMetrics>();
        builder.Services.AddSingleton<GroupCommit>();
        builder.Services.AddSingleton<GroupRead>();
        builder.Services.AddSingleton<UnitOfWorkMetrics>();
        builder.Services.AddSingleton<OutboxSignal>();
        builder.Services.AddSingleton<Cache>();
        builder.Services.AddHostedService<CacheConnection>();
        builder.Services.AddSingleton<SeenKeys>();
        builder.Services.AddSingleton<Wakeups>();
        builder.Services.AddSingleton<UnitOfWorkTools>();
        builder.Services.AddSingleton<Database>();
        builder.Services.AddHostedService<IdempotencySweeper>();
    }
}
