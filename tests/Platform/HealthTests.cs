using System.Net;
using System.Text.Json.Nodes;
using AgentPlatform.Contracts.Health.V1;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Tests.Platforms;

public sealed class HealthTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_service_that_can_serve_says_so_by_http_and_by_grpc()
    {
        var host = await platform.StartAsync("session");
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync($"{host.HttpAddress}/alive")).StatusCode);
        Assert.Equal("Healthy", (string?)JsonNode.Parse(await http.GetStringAsync($"{host.HttpAddress}/health"))!["status"]);

        var health = await platform.ClientAsync<Health.HealthClient>("session", null);
        foreach (var name in new[] { "", "agentplatform.session.v1.SessionService" })
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = name })).Status);
        await Refusal.ExpectAsync(StatusCode.NotFound, "SERVICE_UNKNOWN", async () => await health.CheckAsync(new HealthCheckRequest { Service = "no.such" }));

        using var watch = health.Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);
    }

    [Fact]
    public async Task Without_redis_a_service_is_degraded_and_goes_on()
    {
        platform.Settings["registry"] = new() { ["ConnectionStrings:redis"] = $"127.0.0.1:{LocalServerProcess.FreePort()},connectTimeout=500" };
        var host = await platform.StartAsync("registry");
        using var http = new HttpClient();
        await Eventually.TrueAsync(async () =>
        {
            var answer = await http.GetAsync($"{host.HttpAddress}/health");
            return answer.IsSuccessStatusCode && (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["status"] == "Degraded";
        }, "health is degraded");

        var registry = await platform.ClientAsync<Contracts.Registry.V1.RegistryService.RegistryServiceClient>(Tokens.Agent("no-redis"));
        await registry.RegisterAgentAsync(new Contracts.Registry.V1.RegisterAgentRequest { Platform = Contracts.Registry.V1.Platform.Linux, Version = "1" });
    }

    [Fact]
    public async Task Without_postgres_a_service_is_alive_not_healthy_and_calls_are_unavailable()
    {
        platform.Settings["costing"] = new()
        {
            ["ConnectionStrings:agentplatform"] = $"Host=127.0.0.1;Port={LocalServerProcess.FreePort()};Username=costing;Database=none",
        };
        var host = await platform.StartAsync("costing");
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync($"{host.HttpAddress}/alive")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync($"{host.HttpAddress}/health")).StatusCode);

        var costing = await platform.ClientAsync<Contracts.Costing.V1.PriceService.PriceServiceClient>(Tokens.Superuser());
        await Refusal.ExpectAsync(StatusCode.Unavailable, "DEPENDENCY_UNAVAILABLE", async () => await costing.ListPricesAsync(new Contracts.Costing.V1.ListPricesRequest()));
    }
}
