using System.Net;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Transforms;

namespace AgentPlatform.Gateway;

/// <summary>
/// The way of every call: package <c>agentplatform.NAME.v1</c> goes to the service NAME, to whichever of its instances has
/// the least to do. Configuration names the instances: <c>services:NAME:grpc:0</c>, <c>…:1</c> and so on. What every service
/// tells about itself, package <c>agentplatform.operations.v1</c>, goes to the one that the metadata <c>agentplatform-service</c> names.
/// </summary>
public static class GatewayRoutes
{
    /// <summary>The services behind the gateway.</summary>
    public static readonly IReadOnlyList<string> Services = ["session", "audit", "registry", "costing", "vault"];

    // A stream may be silent for long, and a dead peer is found by pings; this only ends what everybody has forgotten.
    private static readonly TimeSpan SilenceTimeout = TimeSpan.FromHours(24);

    // An instance is left out after a few failed calls within this time, and for as long: soon enough that few calls meet a
    // dead one, and that one which was restarted works again.
    private static readonly TimeSpan FailureWindow = TimeSpan.FromSeconds(5);
    private const int CallsBeforeJudging = 3;

    public static void AddServiceRoutes(this WebApplicationBuilder builder)
    {
        // ForwardingMiddleware logs what fails, in a line; the proxy would add a stack for each call.
        builder.Logging.AddFilter("Yarp.ReverseProxy.Forwarder", LogLevel.Error);
        builder.Services.Configure<TransportFailureRateHealthPolicyOptions>(policy =>
            (policy.MinimalTotalCountThreshold, policy.DetectionWindowSize) = (CallsBeforeJudging, FailureWindow));
        builder.Services.AddReverseProxy()
            .LoadFromMemory([.. Services.Select(Route), .. Services.Select(OperationsRoute)], [.. Services.Select(s => Cluster(s, builder.Configuration))])
            .AddTransforms(transforms =>
            {
                // The one of these headers that services read; what a caller has written into the others goes no further.
                transforms.AddXForwarded(ForwardedTransformActions.Remove);
                transforms.AddXForwardedFor(action: ForwardedTransformActions.Set);
                transforms.AddRequestTransform(static request =>
                {
                    WholeRequest.Pass(request.HttpContext, request.ProxyRequest);
                    return ValueTask.CompletedTask;
                });
            });
        builder.Services.AddSingleton<IForwarderHttpClientFactory, ServiceClients>();
        builder.Services.AddSingleton<IAvailableDestinationsPolicy, ReadyInstances>();
        builder.Services.AddHostedService<ReadinessWatch>();
    }

    public static void MapServiceRoutes(this WebApplication app) => app.MapReverseProxy(call =>
    {
        call.UseMiddleware<EdgeMiddleware>();
        call.UseMiddleware<StreamMiddleware>();
        call.UseMiddleware<WholeRequestMiddleware>();
        call.UseMiddleware<ForwardingMiddleware>();
        call.UseLoadBalancing();
        call.UsePassiveHealthChecks();
        call.UseMiddleware<WholeAnswerMiddleware>();
    });

    /// <summary>All addresses of a service, by the endpoint's name: "grpc" or "http".</summary>
    public static IReadOnlyList<string> Addresses(IConfiguration configuration, string service, string endpoint)
    {
        var addresses = configuration.GetSection($"services:{service}:{endpoint}").GetChildren().Select(c => c.Value).OfType<string>().ToList();
        return addresses.Count > 0 ? addresses
            : throw new InvalidOperationException($"The address of {service} is not configured; set services__{service}__{endpoint}__0.");
    }

    private static RouteConfig Route(string service) => NewRoute(service, service, service);

    private static RouteConfig OperationsRoute(string service) => NewRoute($"{service}-operations", service, "operations",
        new RouteHeader { Name = OperationsService.ServiceHeader, Mode = HeaderMatchMode.ExactHeader, Values = [service], IsCaseSensitive = true });

    private static RouteConfig NewRoute(string id, string service, string package, params ReadOnlySpan<RouteHeader> headers) => new()
    {
        RouteId = id,
        ClusterId = service,
        Match = new RouteMatch
        {
            Path = $"/agentplatform.{package}.v1.{{service}}/{{method}}",
            Methods = [HttpMethods.Post],
            Headers = [new RouteHeader { Name = "content-type", Mode = HeaderMatchMode.HeaderPrefix, Values = ["application/grpc"] }, .. headers],
        },
    };

    private static ClusterConfig Cluster(string service, IConfiguration configuration) => new()
    {
        ClusterId = service,
        Destinations = Addresses(configuration, service, "grpc")
            .Select((address, i) => (Id: $"{service}-{i}", Config: new DestinationConfig
            {
                Address = address,
                Health = Addresses(configuration, service, "http").ElementAtOrDefault(i),
            }))
            .ToDictionary(d => d.Id, d => d.Config),
        LoadBalancingPolicy = LoadBalancingPolicies.PowerOfTwoChoices,
        HealthCheck = new HealthCheckConfig
        {
            AvailableDestinationsPolicy = ReadyInstances.PolicyName,
            Passive = new PassiveHealthCheckConfig
            {
                Enabled = true,
                Policy = HealthCheckConstants.PassivePolicy.TransportFailureRate,
                ReactivationPeriod = FailureWindow,
            },
        },
        HttpRequest = new ForwarderRequestConfig
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            ActivityTimeout = SilenceTimeout,
        },
    };
}
