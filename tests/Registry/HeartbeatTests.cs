using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Registry;
using Grpc.Core;
using Microsoft.Extensions.Configuration;
using Client = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Tests.Registries;

public sealed class HeartbeatTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly TimeSpan OfflineAfter = new RegistrySettings().OfflineAfter;

    [Fact]
    public async Task An_agent_is_online_until_its_last_heartbeat_is_too_long_ago()
    {
        var client = await As("living");
        var epoch = await RegisterAsync(client);
        var answer = await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch });
        Assert.Equal((TimeSpan.FromSeconds(30), 0L), (answer.HeartbeatInterval.ToTimeSpan(), answer.ConfigVersion));

        var agent = await ReadAsync(client, "living");
        Assert.True(agent.IsOnline);
        Assert.NotNull(agent.LastHeartbeatTime);

        platform.Clock.Advance(OfflineAfter - TimeSpan.FromSeconds(20));
        Assert.True((await ReadAsync(client, "living")).IsOnline);
        platform.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.False((await ReadAsync(client, "living")).IsOnline);

        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch });
        Assert.True((await ReadAsync(client, "living")).IsOnline);
    }

    [Fact]
    public async Task A_sign_of_life_is_not_taken_back_by_a_clock_that_is_behind()
    {
        var client = await As("skewed");
        var epoch = await RegisterAsync(client);
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch });
        var last = (await ReadAsync(client, "skewed")).LastHeartbeatTime;

        platform.Clock.Advance(-TimeSpan.FromMinutes(1));
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch });
        platform.Clock.Advance(TimeSpan.FromMinutes(1));
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
    public async Task An_agent_that_never_registered_is_told_so()
    {
        var client = await As("stranger");
        await Refusal.ExpectAsync(StatusCode.NotFound, "AGENT_NOT_FOUND", async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = 1 }));
    }

    [Fact]
    public async Task A_disabled_agent_is_told_so_and_stays_offline()
    {
        var client = await As("banned");
        var epoch = await RegisterAsync(client);
        await platform.SqlAsync<int>("UPDATE registry.agents SET status = 'disabled' WHERE id = 'banned' RETURNING 1");

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "AGENT_DISABLED", async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch }));
        Assert.Null((await ReadAsync(client, "banned")).LastHeartbeatTime);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public async Task An_epoch_that_cannot_be_is_refused(long epoch)
    {
        var client = await As("impossible");
        await Refusal.ExpectFieldsAsync(async () => await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch }), "epoch");
    }

    [Fact]
    public async Task A_heartbeat_tells_of_a_changed_configuration()
    {
        var client = await As("auditor_v1");
        var epoch = await RegisterAsync(client);
        var before = (await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch })).ConfigVersion;
        await platform.SqlAsync<int>("UPDATE registry.agent_config SET version = version + 1, enabled = false WHERE agent_id = 'auditor_v1' RETURNING 1");

        var after = (await client.HeartbeatAsync(new HeartbeatRequest { Epoch = epoch })).ConfigVersion;
        Assert.Equal(before + 1, after);
        var config = (await client.GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = "auditor_v1" })).Config;
        Assert.Equal((after, false), (config.Version, config.Enabled));
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

    private Task<Client> As(string agent) => platform.ClientAsync<Client>(Tokens.Agent(agent));

    private static async Task<Agent> ReadAsync(Client client, string id) => (await client.GetAgentAsync(new GetAgentRequest { Id = id })).Agent;

    private static async Task<long> RegisterAsync(Client client) =>
        (await client.RegisterAgentAsync(new RegisterAgentRequest { Platform = Machine.Linux, Version = "1.0" })).Agent.Epoch;
}
