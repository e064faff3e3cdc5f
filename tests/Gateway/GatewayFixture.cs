using AgentPlatform.Gateway;

namespace AgentPlatform.Tests.Gateways;

/// <summary>A gateway with one echo behind it as every service; it needs no database.</summary>
public sealed class GatewayFixture : IAsyncLifetime
{
    public EchoService Echo { get; private set; } = null!;

    public IServiceHost Gateway { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Echo = await EchoService.StartAsync();
        Gateway = Start(SettingsFor(Echo));
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Echo.DisposeAsync();
    }

    /// <summary>Starts a further gateway; the caller disposes of it.</summary>
    public static IServiceHost Start(Dictionary<string, string> settings)
    {
        var host = new ServiceHost<EdgeMiddleware>(settings, TimeProvider.System);
        host.Start();
        return host;
    }

    /// <summary>Settings by which these instances, in this order, are every service.</summary>
    public static Dictionary<string, string> SettingsFor(params EchoService[] instances)
    {
        var settings = new Dictionary<string, string>
        {
            ["GRPC_PORT"] = "0",
            ["HTTP_PORT"] = "0",
            ["Authentication:DevelopmentKey"] = Tokens.Key.PublicKey,
            // Tests call as fast as they can.
            ["RateLimit:Calls"] = "1000000",
            ["RateLimit:Burst"] = "1000000",
            ["RateLimit:Machine"] = "1000000",
            ["RateLimit:Strangers"] = "1000000",
        };
        foreach (var service in GatewayRoutes.Services)
        {
            for (var i = 0; i < instances.Length; i++)
            {
                settings[$"services:{service}:grpc:{i}"] = instances[i].GrpcAddress;
                settings[$"services:{service}:http:{i}"] = instances[i].HttpAddress;
            }
        }
        return settings;
    }
}
