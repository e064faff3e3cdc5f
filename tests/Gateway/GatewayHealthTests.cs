using System.Net;
using System.Net.Http.Json;
using AgentPlatform.Contracts.Health.V1;
using AgentPlatform.Gateway;
using Grpc.Net.Client;

namespace AgentPlatform.Tests.Gateways;

public sealed class GatewayHealthTests
{
    [Fact]
    public async Task Health_names_every_service_and_is_good_when_all_are()
    {
        await using var echo = await EchoService.StartAsync();
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(echo));

        var (code, report) = await AskAsync(gateway);

        Assert.Equal((HttpStatusCode.OK, "Healthy"), (code, report.Status));
        // And the gateway itself, until it is told to stop.
        Assert.Equal(GatewayRoutes.Services.Append("serving").ToDictionary(s => s, _ => "Healthy"), report.Checks);
    }

    [Fact]
    public async Task Health_follows_a_service_that_stops_and_comes_back()
    {
        await using var good = await EchoService.StartAsync();
        await using var other = await EchoService.StartAsync();
        var settings = GatewayFixture.SettingsFor(good);
        settings["services:vault:http:0"] = other.HttpAddress;
        await using var gateway = GatewayFixture.Start(settings);

        await ExpectAsync(HttpStatusCode.OK, "Healthy");
        other.Health = "Degraded";
        await ExpectAsync(HttpStatusCode.OK, "Degraded");
        other.Health = "Unhealthy";
        await ExpectAsync(HttpStatusCode.ServiceUnavailable, "Unhealthy");
        other.Health = "Healthy";
        await ExpectAsync(HttpStatusCode.OK, "Healthy");
        await other.DisposeAsync();
        await ExpectAsync(HttpStatusCode.ServiceUnavailable, "Unhealthy");
        Assert.Equal("Healthy", await new HttpClient().GetStringAsync($"{gateway.HttpAddress}/alive"));

        Task ExpectAsync(HttpStatusCode expected, string vault) => Eventually.TrueAsync(async () =>
        {
            var (code, report) = await AskAsync(gateway);
            return code == expected && report.Checks["vault"] == vault && report.Checks["session"] == "Healthy";
        }, $"health answers {expected} with the vault {vault}");
    }

    [Fact]
    public async Task A_service_with_one_of_two_instances_left_can_still_serve()
    {
        await using var first = await EchoService.StartAsync();
        await using var second = await EchoService.StartAsync();
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(first, second));
        second.Health = "Unhealthy";

        var (code, report) = await AskAsync(gateway);

        Assert.Equal((HttpStatusCode.OK, "Degraded"), (code, report.Status));
    }

    [Fact]
    public async Task A_service_that_does_not_answer_in_time_is_unhealthy_and_holds_nobody_up_for_long()
    {
        await using var echo = await EchoService.StartAsync();
        using var silent = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var settings = GatewayFixture.SettingsFor(echo);
        settings["services:audit:http:0"] = $"http://{silent.LocalEndpoint}";
        await using var gateway = GatewayFixture.Start(settings);

        var (code, report) = await AskAsync(gateway).WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), (code, report.Checks["audit"]));
    }

    [Fact]
    public async Task Standard_gRPC_probes_need_no_token()
    {
        await using var echo = await EchoService.StartAsync();
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(echo));
        using var channel = GrpcChannel.ForAddress(gateway.GrpcAddress);
        var health = new Health.HealthClient(channel);

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest())).Status);
        echo.Health = "Unhealthy";
        await Eventually.TrueAsync(async () =>
            (await health.CheckAsync(new HealthCheckRequest())).Status == HealthCheckResponse.Types.ServingStatus.NotServing, "the probe sees it");
    }

    private static async Task<(HttpStatusCode Code, Report Report)> AskAsync(IServiceHost gateway)
    {
        using var http = new HttpClient();
        using var response = await http.GetAsync($"{gateway.HttpAddress}/health");
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<Report>())!);
    }

    private sealed record Report(string Status, Dictionary<string, string> Checks);
}
