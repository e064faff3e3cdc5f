using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Registry;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Registry.V1.AgentConfigService.AgentConfigServiceClient;
using RegistryClient = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;

namespace AgentPlatform.Tests.Registries;

public sealed class ConfigTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Each_change_is_a_version_that_stays_and_can_be_taken_up_again()
    {
        var person = await As(Tokens.Operator("olga"));
        var first = await SetAsync(person, "kept", """{"level": 1}""", version: 0, reason: "a start");
        Assert.Equal((1L, true), (first.Version, first.Enabled));
        var second = (await person.SetAgentConfigAsync(new SetAgentConfigRequest { AgentId = "kept", Config = Json("""{"level": 2}"""), Enabled = false, Version = 1 })).Config;
        Assert.Equal((2L, false), (second.Version, second.Enabled));

        var back = (await person.RollbackAgentConfigAsync(new RollbackAgentConfigRequest { AgentId = "kept", ToVersion = 1, Version = 2, Reason = "two was wrong" })).Config;
        Assert.Equal((3L, true, first.Config), (back.Version, back.Enabled, back.Config));
        var versions = (await person.ListConfigVersionsAsync(new ListConfigVersionsRequest { AgentId = "kept" })).Versions;
        Assert.Equal([3L, 2, 1], versions.Select(v => v.Config.Version));
        Assert.Equal([1L, 0, 0], versions.Select(v => v.RolledBackTo));
        Assert.Equal(("user:olga", "a start", first), (versions[2].ChangedBy, versions[2].Reason, versions[2].Config));
        var agent = await platform.ClientAsync<RegistryClient>(Tokens.Agent("kept"));
        Assert.Equal(back, (await agent.GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = "kept" })).Config);
        Assert.Equal(3, (await platform.AuditOfAsync("agent/kept", 3)).Count(e => e.Operation == "agent.configure"));
    }

    [Fact]
    public async Task What_came_with_the_platform_is_the_first_version()
    {
        var person = await As(Tokens.Operator());
        var version = Assert.Single((await person.ListConfigVersionsAsync(new ListConfigVersionsRequest { AgentId = "auditor_v1" })).Versions);
        Assert.Equal(("system", 1L, "0 2 * * *"), (version.ChangedBy, version.Config.Version, version.Config.Config.Fields["schedule"].StringValue));
    }

    [Fact]
    public async Task Of_many_changes_of_the_same_version_at_two_instances_one_passes()
    {
        await using var other = await platform.StartAnotherAsync("registry");
        Client[] people = [await As(Tokens.Operator("ann")), platform.Client<Client>(other.GrpcAddress, Tokens.Operator("bob"))];
        for (var version = 0; version < 3; version++)
        {
            var seen = version;
            var passed = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
            {
                try
                {
                    await SetAsync(people[i % 2], "contested", $$"""{"by": {{i}}}""", seen);
                    return true;
                }
                catch (RpcException e) when (e.StatusCode == StatusCode.Aborted) { return false; }
            }));
            Assert.Single(passed, p => p);
        }
        Assert.Equal([3L], await platform.SqlAsync<long>("SELECT count(*) FROM registry.agent_config_versions WHERE agent_id = 'contested'"));
    }

    [Fact]
    public async Task A_watch_shows_what_there_is_and_every_change_wherever_it_was_made()
    {
        await using var other = await platform.StartAnotherAsync("registry");
        var (person, agent) = (platform.Client<Client>(other.GrpcAddress, Tokens.Operator()), await As(Tokens.Agent("watcher")));
        using var watch = agent.WatchConfig(new WatchConfigRequest { AgentId = "watcher" });
        for (var version = 1; version <= 3; version++)
        {
            await SetAsync(person, "watcher", $$"""{"level": {{version}}}""");
            Assert.True(await watch.ResponseStream.MoveNext(default));
            Assert.Equal(version, watch.ResponseStream.Current.Config.Version);
        }
        using var late = agent.WatchConfig(new WatchConfigRequest { AgentId = "watcher" });
        Assert.True(await late.ResponseStream.MoveNext(default));
        Assert.Equal(3, late.ResponseStream.Current.Config.Version);
    }

    [Fact]
    public async Task The_oldest_of_more_than_a_thousand_versions_go()
    {
        var person = await As(Tokens.Operator());
        await SetAsync(person, "busy", "{}");
        await platform.SqlAsync<int>($"""
            WITH more AS (INSERT INTO registry.agent_config_versions (agent_id, version, enabled, config, changed_by, reason, rolled_back_to, created_at) SELECT agent_id, n, enabled, config, changed_by, reason, 0, created_at
                FROM registry.agent_config_versions, generate_series(2, {AgentConfigRules.MaximumVersions}) AS n WHERE agent_id = 'busy')
            UPDATE registry.agent_config SET version = {AgentConfigRules.MaximumVersions} WHERE agent_id = 'busy' RETURNING 1
            """);
        await SetAsync(person, "busy", """{"last": true}""");
        Assert.Equal([2L], await platform.SqlAsync<long>("SELECT min(version) FROM registry.agent_config_versions WHERE agent_id = 'busy'"));
        await Refusal.ExpectAsync(StatusCode.NotFound, "CONFIG_VERSION_NOT_FOUND",
            async () => await person.RollbackAgentConfigAsync(new RollbackAgentConfigRequest { AgentId = "busy", ToVersion = 1 }));
        // All pages together are all versions, whatever fits into one.
        var (seen, token) = (new List<long>(), "");
        do
        {
            var page = await person.ListConfigVersionsAsync(new ListConfigVersionsRequest { AgentId = "busy", PageSize = 300, PageToken = token });
            seen.AddRange(page.Versions.Select(v => v.Config.Version));
            token = page.NextPageToken;
        } while (token.Length > 0);
        Assert.Equal(Enumerable.Range(2, AgentConfigRules.MaximumVersions).Reverse().Select(v => (long)v), seen);
    }

    [Fact]
    public async Task Anothers_and_bad_configurations_are_refused()
    {
        var (person, agent) = (await As(Tokens.Operator()), await As(Tokens.Agent("curious")));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await agent.ListConfigVersionsAsync(new ListConfigVersionsRequest { AgentId = "auditor_v1" }));
        using var watch = agent.WatchConfig(new WatchConfigRequest { AgentId = "auditor_v1" });
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", () => watch.ResponseStream.MoveNext(default));
        await Refusal.ExpectFieldsAsync(async () => await person.SetAgentConfigAsync(new SetAgentConfigRequest { Version = -1, Reason = new string('x', 2_000) }), "agent_id", "config", "version", "reason");
        await Refusal.ExpectFieldsAsync(() => SetAsync(person, "bad", $$"""{"t": "{{new string('x', AgentConfigRules.ConfigMaximumBytes)}}"}"""), "config");
        await Refusal.ExpectFieldsAsync(async () => await person.SetAgentConfigAsync(
            new SetAgentConfigRequest { AgentId = "bad", Config = new Struct { Fields = { ["n"] = Value.ForNumber(double.NaN) } } }), "config");
        await Refusal.ExpectFieldsAsync(async () => await person.RollbackAgentConfigAsync(new RollbackAgentConfigRequest { AgentId = "bad" }), "to_version");
        var refusal = await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE", () => SetAsync(person, "bad", "{}", version: 7));
        Assert.Equal("0", refusal.Facts["version"]);
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private static async Task<AgentConfig> SetAsync(Client person, string agentId, string json, long? version = null, string reason = "")
    {
        var request = new SetAgentConfigRequest { AgentId = agentId, Config = Json(json), Reason = reason };
        if (version is { } seen)
            request.Version = seen;
        return (await person.SetAgentConfigAsync(request)).Config;
    }

    private static Struct Json(string json) => Struct.Parser.ParseJson(json);
}
