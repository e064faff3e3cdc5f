using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Registry;
using Grpc.Core;
using Microsoft.Extensions.Configuration;
using Client = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Tests.Registries;

public sealed class HeartbeatTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public HeartbeatTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["registry"] = new() { ["Registry:ViewLifetime"] = "00:00:01" };
    }

    [Fact]
    public async Task A_first_heartbeat_makes_an_agent_online_by_its_answer()
    {
        var client = await As("living");
        var epoch = await RegisterAsync(client);
        var answer = await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch, Health = AgentHealth.Degraded, LoadPercent = 12.5 });
        Assert.Equal((TimeSpan.FromSeconds(30), 0L), (answer.HeartbeatInterval.ToTimeSpan(), answer.ConfigVersion));

        var agent = await ReadAsync(client, "living");
        Assert.Equal((true, AgentHealth.Degraded, 12.5), (agent.IsOnline, agent.Health, agent.LoadPercent));
        Assert.NotNull(agent.LastHeartbeatTime);
    }

    [Fact]
    public async Task A_sign_of_life_is_not_taken_back_by_a_clock_that_is_behind()
    {
        var client = await As("skewed");
        var epoch = await RegisterAsync(client);
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch });
        var last = (await ReadAsync(client, "skewed")).LastHeartbeatTime;

        _platform.Clock.Advance(-TimeSpan.FromMinutes(1));
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch, LoadPercent = 77 });
        _platform.Clock.Advance(TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(async () => (await ReadAsync(client, "skewed")).LoadPercent == 77, "the heartbeat is written");
        Assert.Equal(last, (await ReadAsync(client, "skewed")).LastHeartbeatTime);
    }

    [Fact]
    public async Task A_process_that_was_taken_over_learns_it_and_does_not_keep_the_agent_alive()
    {
        var client = await As("taken-over");
        var stale = await RegisterAsync(client);
        var current = await RegisterAsync(client);

        foreach (var epoch in new[] { stale, current + 1 })
            await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_EPOCH", async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch }));
        Assert.Null((await ReadAsync(client, "taken-over")).LastHeartbeatTime);
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = current });
        Assert.True((await ReadAsync(client, "taken-over")).IsOnline);
    }

    [Fact]
    public async Task A_takeover_at_another_instance_fences_here_as_well()
    {
        var client = await As("moved");
        var stale = await RegisterAsync(client);
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = stale });
        await using var other = await _platform.StartAnotherAsync("registry");
        var there = _platform.Client<Client>(other.GrpcAddress, Tokens.Agent("moved"));
        var current = await RegisterAsync(there);

        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = current });
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_EPOCH", async () => await there.HeartbeatAsync(new HeartbeatRequest { Epoch = stale }));
        await Eventually.TrueAsync(async () =>
        {
            await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_EPOCH", async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = stale }));
            return true;
        }, "the first instance fences the old process");
    }

    [Fact]
    public async Task An_agent_that_never_registered_is_told_so()
    {
        var client = await As("stranger");
        await Refusal.ExpectAsync(StatusCode.NotFound, "AGENT_NOT_FOUND", async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = 1 }));
    }

    [Fact]
    public async Task A_disabled_agent_is_told_so_and_goes_offline()
    {
        var client = await As("banned");
        var epoch = await RegisterAsync(client);
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch });
        var person = await _platform.ClientAsync<Client>(Tokens.Operator());
        await person.DisableAgentAsync(new DisableAgentRequest { Id = "banned", Reason = "It misbehaves" });

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "AGENT_DISABLED", async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch }));
        var agent = await ReadAsync(client, "banned");
        Assert.Equal((false, true, "It misbehaves"), (agent.IsOnline, agent.Disabled, agent.StatusReason));

        await person.EnableAgentAsync(new EnableAgentRequest { Id = "banned" });
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch });
        Assert.True((await ReadAsync(client, "banned")).IsOnline);
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_field()
    {
        var client = await As("impossible");
        foreach (var epoch in new[] { 0, -1, long.MinValue })
            await Refusal.ExpectFieldsAsync(async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch }), "epoch");
        foreach (var load in new[] { -1, 140, double.NaN, double.PositiveInfinity })
            await Refusal.ExpectFieldsAsync(async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = 1, LoadPercent = load }), "load_percent");
        await Refusal.ExpectFieldsAsync(async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = 1, RunningTaskIds = { "x" } }), "running_task_ids[0]");
    }

    [Fact]
    public async Task A_heartbeat_tells_of_a_changed_configuration()
    {
        var client = await As("auditor_v1");
        var epoch = await RegisterAsync(client);
        var before = (await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch })).ConfigVersion;
        await _platform.SqlAsync<int>("UPDATE registry.agent_config SET version = version + 1, enabled = false WHERE agent_id = 'auditor_v1' RETURNING 1");

        await Eventually.TrueAsync(async () => (await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch })).ConfigVersion == before + 1, "the version is told");
        var config = (await client.GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = "auditor_v1" })).Config;
        Assert.Equal((before + 1, false), (config.Version, config.Enabled));
    }

    [Fact]
    public async Task A_heartbeat_tells_what_waits_what_to_stop_and_what_was_lost()
    {
        var agent = await TaskAgent.RegisterAsync(_platform, "busy");
        var tasks = await _platform.ClientAsync<Contracts.Registry.V1.AgentTaskService.AgentTaskServiceClient>(Tokens.Operator());
        for (var i = 0; i < 3; i++)
            await tasks.CreateTaskAsync(new CreateTaskRequest { AgentId = "busy", Task = new TaskSpec { Type = "n" } });
        var held = await agent.StartedAsync();
        await tasks.CancelTaskAsync(new CancelTaskRequest { Id = held.Id });
        var lost = Guid.NewGuid().ToString();

        await Eventually.TrueAsync(async () =>
        {
            var answer = await agent.Registry.HeartbeatAsync(new HeartbeatRequest { Epoch = agent.Epoch, RunningTaskIds = { held.Id, lost } });
            return answer is { WaitingTasks: 2 } && answer.CancelTaskIds.SequenceEqual([held.Id]) && answer.LostTaskIds.SequenceEqual([lost]);
        }, "the answer tells it");
    }

    [Theory]
    [InlineData("00:00:00", "00:05:00")]
    [InlineData("-00:00:30", "00:05:00")]
    [InlineData("00:05:00", "00:05:00")]
    public void Settings_by_which_no_agent_could_stay_online_stop_the_service(string interval, string offlineAfter)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Registry:HeartbeatInterval"] = interval,
            ["Registry:OfflineAfter"] = offlineAfter,
        }).Build();
        Assert.Throws<InvalidOperationException>(() => RegistrySettings.Read(configuration));
    }

    private Task<Client> As(string agent) => _platform.ClientAsync<Client>(Tokens.Agent(agent));

    private static async Task<Agent> ReadAsync(Client client, string id) => (await client.GetAgentAsync(new GetAgentRequest { Id = id })).Agent;

    private static async Task<long> RegisterAsync(Client client) =>
        (await client.RegisterAgentAsync(new RegisterAgentRequest { Platform = Machine.Linux, Version = "1.0" })).Agent.Epoch;
}
