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
    private const int PoolConnections = 20;
    private const int ConnectTimeoutSeconds = 3;
    private const int CommandTimeoutSeconds = 15;
    private const int PreparedStatements = 64;

    /// <summary>Adds the defaults, and the unit of work over the service's own schema.</summary>
    public static WebApplicationBuilder AddPlatformService(this WebApplicationBuilder builder, string name)
    {
        builder.AddServiceDefaults();
        builder.Services.AddSingleton(new ServiceName(name));
        builder.AddUnitOfWork(name);
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
        builder.Services.AddHostedService<OutboxRelay>();
        return builder;
    }

    /// <summary>Maps a gRPC service and the defaults. Refuses to start when a method has no access rule.</summary>
    public static void MapPlatformService<TService>(this WebApplication app) where TService : class
    {
        app.UseMiddleware<DeadlineMiddleware>();
        app.MapServiceDefaults();
        app.MapGrpcService<TService>();

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
            options.Interceptors.Add<IdempotencyInterceptor>();
        });
        // One of each for the process: they hold no state of a call.
        builder.Services.AddSingleton<ErrorInterceptor>();
        builder.Services.AddSingleton<AccessInterceptor>();
        builder.Services.AddSingleton<IdempotencyInterceptor>();
    }

    private static void AddUnitOfWork(this WebApplicationBuilder builder, string name)
    {
        builder.AddNpgsqlDataSource(ConnectionName, configureDataSourceBuilder: source =>
        {
            var connection = source.ConnectionStringBuilder;
            connection.ApplicationName = name;
            connection.MaxPoolSize = PoolConnections;
            connection.Timeout = ConnectTimeoutSeconds;
            connection.CommandTimeout = CommandTimeoutSeconds;
            connection.MaxAutoPrepare = PreparedStatements;
        });
        builder.AddRedisClient("redis");
        // Redis is only ever fast: without it a service is slower, not wrong, so it is degraded and not dead.
        builder.Services.Configure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations.Where(r => r.Name.Contains("redis", StringComparison.OrdinalIgnoreCase)))
                check.FailureStatus = HealthStatus.Degraded;
        });
        builder.Services.AddSingleton(builder.Configuration.GetSection("Idempotency").Get<IdempotencySettings>() ?? new IdempotencySettings());
        builder.Services.AddSingleton<OutboxSignal>();
        builder.Services.AddSingleton<Database>();
        builder.Services.AddHostedService<IdempotencySweeper>();
    }
}
