using Grpc.Core;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace AgentPlatform;

/// <summary>gRPC clients of other services of the platform.</summary>
public static class PlatformClients
{
    private const int MaximumAttempts = 4;

    // The library's own would grow to two minutes, for which a service that is back would go unnoticed.
    private static readonly TimeSpan FirstReconnect = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestReconnect = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Adds a client of the service that configuration names <paramref name="service"/>. Its instances take turns, and one that is down
    /// is left out. Only UNAVAILABLE is tried again, with growing pauses: it alone says that nothing was done. Within a call, the
    /// deadline, the cancellation, the caller's token and the correlation id are carried on.
    /// </summary>
    public static IHostApplicationBuilder AddPlatformClient<TClient>(this IHostApplicationBuilder builder, string service)
        where TClient : class
    {
        var configuration = builder.Configuration;
        var isSecure = InstancesOf(configuration, service)[0].Scheme == Uri.UriSchemeHttps;
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddTransient<ForwardingInterceptor>();
        // One for all clients; the path of a client's address is the service's name.
        builder.Services.TryAddSingleton<ResolverFactory>(new StaticResolverFactory(address =>
            InstancesOf(configuration, address.AbsolutePath.TrimStart('/')).Select(i => new BalancerAddress(i.Host, i.Port))));
        builder.Services.AddGrpcClient<TClient>(options => options.Address = new Uri($"static:///{service}"))
            .ConfigureChannel(channel =>
            {
                channel.Credentials = isSecure ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure;
                (channel.InitialReconnectBackoff, channel.MaxReconnectBackoff) = (FirstReconnect, LongestReconnect);
                channel.ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() }, MethodConfigs = { RetryUnavailable } };
            })
            .AddInterceptor<ForwardingInterceptor>()
            .EnableCallContextPropagation(options => options.SuppressContextNotFoundErrors = true);
        return builder;
    }

    // All by TLS, or none.
    private static List<Uri> InstancesOf(IConfiguration configuration, string service)
    {
        var key = $"services:{service}:grpc";
        var instances = configuration.GetSection(key).GetChildren().Select(c => c.Value).OfType<string>().Select(a => new Uri(a)).ToList();
        return instances.DistinctBy(i => i.Scheme).Count() switch
        {
            0 => throw new InvalidOperationException($"The address of {service} is not configured; set {key.Replace(":", "__", StringComparison.Ordinal)}__0."),
            1 => instances,
            _ => throw new InvalidOperationException($"Of the addresses of {service}, some are http and some https; make them the same."),
        };
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
