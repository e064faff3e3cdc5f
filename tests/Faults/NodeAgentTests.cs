using AgentPlatform.Bench.Chaos;
using AgentPlatform.Cli.Certificates;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Tasks = AgentPlatform.Contracts.Registry.V1.AgentTaskService.AgentTaskServiceClient;

namespace AgentPlatform.Tests.Faults;

/// <summary>docs/agent-protocol.md is enough: an agent in another language, written from that page alone, lives by the protocol, through the gateway, and through the death of services.</summary>
[Collection(FaultCollection.Name)]
public sealed class NodeAgentTests : IDisposable
{
    private const int FencedExit = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly FaultCluster _faults;
    private readonly GrpcChannel _channel;
    private readonly CallInvoker _operator;
    private readonly Tasks _tasks;

    public NodeAgentTests(FaultCluster faults)
    {
        _faults = faults;
        _channel = GrpcChannel.ForAddress(faults.Cluster.Gateway.GrpcAddress);
        _operator = Storm.Invoker(_channel, faults.Cluster.Key.Mint("user:olga", ["operator"], null, TimeSpan.FromHours(1), TimeProvider.System));
        _tasks = new Tasks(_operator);
    }

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task It_registers_beats_works_and_reads_its_configuration()
    {
        await using var agent = await NodeAgent.StartAsync(_faults.Cluster, "node-works");
        Assert.Equal("1", (await agent.NextAsync("registered")).GetProperty("epoch").GetString());
        await agent.NextAsync("measured");
        var registry = new RegistryService.RegistryServiceClient(_operator);
        var known = new Agent();
        // What came with a heartbeat is written a moment later.
        await Eventually.TrueAsync(async () =>
            (known = (await registry.GetAgentAsync(new GetAgentRequest { Id = "node-works" })).Agent).Health is AgentHealth.Healthy, "the heartbeat is written", Patience);
        Assert.Equal((true, "1.0.0", "node"), (known.IsOnline, known.Version, Assert.Single(known.Roles)));

        var telemetry = new TelemetryService.TelemetryServiceClient(_operator);
        var points = (await telemetry.QueryTelemetryAsync(new QueryTelemetryRequest { AgentId = "node-works" })).Points;
        Assert.All(points, p => Assert.True(p is { MemoryBytes: > 0, HasCpuPercent: false } && p.Numbers.ContainsKey("load")));
        Assert.NotEmpty(points);

        var payload = Struct.Parser.ParseJson("""{"text": "grüße", "numbers": [1, 2.5, -3], "nested": {"none": null, "yes": true}}""");
        var echoed = await EndAsync(await MakeAsync("node-works", "test.echo", payload));
        Assert.True(echoed is { Status: AgentTaskStatus.Completed, Attempt: 1, ProgressMessage: "half-way", Result: { } result } && result.Equals(payload), $"{echoed}");
        var broken = await EndAsync(await MakeAsync("node-works", "test.broken"));
        Assert.Equal((AgentTaskStatus.Failed, "BROKEN"), (broken.Status, broken.Reason));

        var configs = new AgentConfigService.AgentConfigServiceClient(_operator);
        await configs.SetAgentConfigAsync(new SetAgentConfigRequest { AgentId = "node-works", Config = Struct.Parser.ParseJson("""{"depth": 7}""") });
        var configured = await agent.NextAsync("configured");
        Assert.Equal(("1", 7), (configured.GetProperty("version").GetString(), configured.GetProperty("config").GetProperty("depth").GetInt32()));
    }

    [Fact]
    public async Task It_connects_with_a_certificate_of_its_own()
    {
        var folder = Directory.CreateTempSubdirectory("agentplatform-test-node-tls-");
        await using var gateway = _faults.Cluster.NewGateway("gateway-tls");
        try
        {
            string In(string name) => Path.Combine(folder.FullName, name);
            using var authority = CertificateAuthority.Create(In("authority.pem"), In("authority-key.pem"), TimeProvider.System);
            authority.SignServer(In("gateway.pem"), In("gateway-key.pem"), TimeSpan.FromHours(1), "localhost");
            authority.SignAgent("node-tls", "agentplatform", In("agent.pem"), In("agent-key.pem"), TimeSpan.FromHours(1));
            gateway.Settings["Tls__CertificatePath"] = In("gateway.pem");
            gateway.Settings["Tls__KeyPath"] = In("gateway-key.pem");
            gateway.Settings["Tls__ClientAuthoritiesPath"] = In("authority.pem");
            gateway.Settings["Tls__RequireAgentCertificates"] = "true";
            await gateway.StartAsync();

            var environment = new Dictionary<string, string>
            {
                ["GATEWAY"] = $"localhost:{gateway.GrpcPort}", ["AUTHORITY"] = In("authority.pem"), ["CERTIFICATE"] = In("agent.pem"), ["KEY"] = In("agent-key.pem"),
            };
            await using var agent = await NodeAgent.StartAsync(_faults.Cluster, "node-tls", environment: environment);
            await agent.NextAsync("welcome");
            var payload = Struct.Parser.ParseJson("""{"text": "over TLS"}""");
            var echoed = await EndAsync(await MakeAsync("node-tls", "test.echo", payload));
            Assert.True(echoed is { Status: AgentTaskStatus.Completed, Result: { } result } && result.Equals(payload), $"{echoed}");

            // With the same certificate and another agent's token there is no way in.
            await using var other = await NodeAgent.StartAsync(_faults.Cluster, "node-other", environment: environment);
            Assert.Equal("CERTIFICATE_NOT_YOURS", (await other.NextAsync("broken")).GetProperty("reason").GetString());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task It_stops_what_is_cancelled()
    {
        await using var agent = await NodeAgent.StartAsync(_faults.Cluster, "node-stops");
        var id = await MakeAsync("node-stops", "test.endless");
        await StandsAsync(id, AgentTaskStatus.InProgress);
        await _tasks.CancelTaskAsync(new CancelTaskRequest { Id = id });
        Assert.Equal((AgentTaskStatus.Cancelled, "STOPPED"), await EndAsync(id) is var ended ? (ended.Status, ended.Reason) : default);
    }

    [Fact]
    public async Task It_takes_any_work_of_its_role_and_refuses_what_it_does_not_know()
    {
        await using var agent = await NodeAgent.StartAsync(_faults.Cluster, "node-of-a-role");
        await agent.NextAsync("welcome");
        var request = new CreateTaskRequest { Any = new AgentSelection { Capabilities = { "test.echo" } }, Task = new TaskSpec { Type = "test.nothing" } };
        var ended = await EndAsync((await _tasks.CreateTaskAsync(request)).Task.Id);
        Assert.Equal((AgentTaskStatus.Failed, "UNKNOWN_TYPE", "node-of-a-role"), (ended.Status, ended.Reason, ended.AgentId));
    }

    [Fact]
    public async Task It_goes_on_with_its_work_when_the_services_are_killed_and_come_back()
    {
        var cluster = _faults.Cluster;
        await using var agent = await NodeAgent.StartAsync(cluster, "node-outlasts");
        await agent.NextAsync("welcome");
        var id = await MakeAsync("node-outlasts", "test.outlast");
        await StandsAsync(id, AgentTaskStatus.InProgress);

        await Task.WhenAll(cluster.Registries.Select(r => r.Process.KillAsync()));
        await agent.NextAsync("broken");
        await Task.WhenAll(cluster.Registries.Select(r => r.StartAsync()));
        await agent.NextAsync("welcome");
        // By the same attempt: it was named in the hello.
        Assert.Equal((AgentTaskStatus.Completed, 1), await EndAsync(id) is var ended ? (ended.Status, ended.Attempt) : default);
    }

    [Fact]
    public async Task It_ends_when_another_process_is_the_agent_now_which_gets_its_work()
    {
        var cluster = _faults.Cluster;
        await using var first = await NodeAgent.StartAsync(cluster, "node-replaced");
        var id = await MakeAsync("node-replaced", "test.outlast");
        await StandsAsync(id, AgentTaskStatus.InProgress);

        await using var second = await NodeAgent.StartAsync(cluster, "node-replaced");
        Assert.Equal("2", (await second.NextAsync("registered")).GetProperty("epoch").GetString());
        Assert.Equal("STALE_EPOCH", (await first.NextAsync("fenced")).GetProperty("reason").GetString());
        Assert.Equal(FencedExit, await first.ExitAsync());
        Assert.Equal(2, (await second.NextAsync("task")).GetProperty("attempt").GetInt32());
    }

    [Fact]
    public async Task It_does_not_begin_on_a_machine_that_is_another_agents()
    {
        await using var owner = await NodeAgent.StartAsync(_faults.Cluster, "node-owner", "one machine");
        await owner.NextAsync("registered");
        await using var clone = await NodeAgent.StartAsync(_faults.Cluster, "node-clone", "one machine");
        Assert.Equal("MACHINE_KEY_TAKEN", (await clone.NextAsync("fenced")).GetProperty("reason").GetString());
        Assert.Equal(FencedExit, await clone.ExitAsync());
    }

    // The agent's process may be on its way to its registration.
    private async Task<string> MakeAsync(string agentId, string type, Struct? payload = null)
    {
        var id = "";
        await Eventually.TrueAsync(async () =>
        {
            id = (await _tasks.CreateTaskAsync(new CreateTaskRequest { AgentId = agentId, Task = new TaskSpec { Type = type, Payload = payload, BackoffSeconds = 0 } })).Task.Id;
            return true;
        }, "the agent is registered", Patience);
        return id;
    }

    private Task StandsAsync(string id, AgentTaskStatus status) =>
        Eventually.TrueAsync(async () => (await _tasks.GetTaskAsync(new GetTaskRequest { Id = id })).Task.Status == status, $"the task is {status}", Patience);

    private async Task<AgentTask> EndAsync(string id)
    {
        AgentTask? task = null;
        await Eventually.TrueAsync(async () =>
        {
            task = (await _tasks.GetTaskAsync(new GetTaskRequest { Id = id })).Task;
            return task.EndTime is not null;
        }, "the task has ended", Patience);
        return task!;
    }
}
