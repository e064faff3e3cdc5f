using Grpc.Core;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AgentPlatform;

/// <summary>gRPC clients of other services of the platform.</summary>
public static class PlatformClients
{
    private const int MaximumAttempts = 4;

    /// <summary>
    /// Adds a client of the service that configuration names <paramref name="service"/>. Only UNAVAILABLE is tried again, with
    /// growing pauses: it alone says that nothing was done. Within a call, the deadline, the cancellation, the caller's token
    /// and the correlation id are carried on.
    /// </summary>
    public static IHostApplicationBuilder AddPlatformClient<TClient>(this IHostApplicationBuilder builder, string service)
        where TClient : class
    {
        var key = $"services:{service}:grpc:0";
        var address = builder.Configuration[key]
            ?? throw new InvalidOperationException($"The address of {service} is not configured; set {key.Replace(":", "__", StringComparison.Ordinal)}.");

        builder.Services.AddHttpContextAccessor();
        builder.Services.AddTransient<ForwardingInterceptor>();
        builder.Services.AddGrpcClient<TClient>(options => options.Address = new Uri(address))
            .ConfigureChannel(channel => channel.ServiceConfig = new ServiceConfig { MethodConfigs = { RetryUnavailable } })
            .AddInterceptor<ForwardingInterceptor>()
            .EnableCallContextPropagation(options => options.SuppressContextNotFoundErrors = true);
        return builder;
    }

    private static readonly MethodConfig RetryUnavailable = new()
    {
        Names = { MethodName.Default },
        RetryPolicy = new RetryPolicy
        {
            MaxAttempts = MaximumAttempts,
            InitialBackoff = TimeSpan.FromMilliseconds(50),
            MaxBackoff = TimeSpan.FromSeconds(1),
            BackoffMultiplier = 3,
            RetryableStatusCodes = { StatusCode.Unavailable },
        },
    };
}
