using Aspire.StackExchange.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

/// <summary>Connects an application to Redis.</summary>
public static class AspireRedisExtensions
{
    private const string Section = "Aspire:StackExchange:Redis";

    // The name under which the real package registers it.
    private const string HealthCheckName = "StackExchange.Redis";

    /// <summary>Registers a singleton <see cref="IConnectionMultiplexer"/> with a health check.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="connectionName">The connection string's name under <c>ConnectionStrings</c>.</param>
    /// <param name="configureSettings">Runs after the configuration has been read.</param>
    /// <param name="configureOptions">Runs on what the connection string says, when the client is first asked for.</param>
    /// <exception cref="InvalidOperationException">On first use: there is no connection string.</exception>
    /// <remarks>
    /// A Redis that is down does not keep the client from being made: calls fail until it is up, and then succeed.
    /// </remarks>
    public static void AddRedisClient(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);

        var settings = new StackExchangeRedisSettings();
        builder.Configuration.GetSection(Section).Bind(settings);
        settings.ConnectionString = builder.Configuration.GetConnectionString(connectionName) ?? settings.ConnectionString;
        configureSettings?.Invoke(settings);

        builder.Services.AddSingleton<IConnectionMultiplexer>(_ =>
        {
            // Not checked before, so that the failure is logged by a host that is up.
            var connectionString = string.IsNullOrEmpty(settings.ConnectionString)
                ? throw new InvalidOperationException($"There is no connection string: set ConnectionStrings:{connectionName} or {Section}:ConnectionString.")
                : settings.ConnectionString;
            var options = ConfigurationOptions.Parse(connectionString);
            options.AbortOnConnectFail = false;
            configureOptions?.Invoke(options);
            return ConnectionMultiplexer.Connect(options);
        });

        if (!settings.DisableHealthChecks)
        {
            builder.Services.AddHealthChecks().AddCheck<RedisHealthCheck>(HealthCheckName);
        }
    }
}
