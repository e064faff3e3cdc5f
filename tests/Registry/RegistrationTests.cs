using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Tests.Registries;

public sealed class RegistrationTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_new_agent_has_epoch_one_and_is_not_online_yet()
    {
        var client = await As(Tokens.Agent("newcomer"));
        var answer = await client.RegisterAgentAsync(new RegisterAgentRequest
        {
            Hostname = "host-1.example",
            Platform = Machine.Linux,
            Version = "1.0.0",
            Capabilities = { "reconcile", "price.quote", "reconcile" },
            Tags = { "Süd ✓", "nightly", "nightly" },
        });

        Assert.Equal(TimeSpan.FromSeconds(30), answer.HeartbeatInterval.ToTimeSpan());
        var agent = answer.Agent;
        Assert.Equal(("newcomer", "host-1.example", Machine.Linux, "1.0.0", 1L), (agent.Id, agent.Hostname, agent.Platform, agent.Version, agent.Epoch));
        Assert.Equal(["reconcile", "price.quote"], agent.Capabilities);
        Assert.Equal(["Süd ✓", "nightly"], agent.Tags);
        Assert.False(agent.IsOnline || agent.Disabled);
        Assert.Null(agent.LastHeartbeatTime);
        Assert.Equal(agent, (await client.GetAgentAsync(new GetAgentRequest { Id = "newcomer" })).Agent);
    }

    [Fact]
    public async Task Registering_again_takes_over_with_the_next_epoch()
    {
        var client = await As(Tokens.Agent("again"));
        var first = await RegisterAsync(client);
        var second = (await client.RegisterAgentAsync(new RegisterAgentRequest { Platform = Machine.Windows, Version = "2.0", Tags = { "moved" } })).Agent;

        Assert.Equal((2L, Machine.Windows, "2.0", ""), (second.Epoch, second.Platform, second.Version, second.Hostname));
        Assert.Equal(first.RegisterTime, second.RegisterTime);
    }

    [Fact]
    public async Task Of_many_registrations_at_once_each_gets_an_epoch_of_its_own()
    {
        var client = await As(Tokens.Agent("crowd"));
        var agents = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => RegisterAsync(client)));
        Assert.Equal(Enumerable.Range(1, 16).Select(i => (long)i), agents.Select(a => a.Epoch).Order());
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_does_not_raise_the_epoch()
    {
        var client = await As(Tokens.Agent("repeat"));
        var request = new RegisterAgentRequest { Platform = Machine.Macos, Version = "1" };
        Metadata Key() => new() { { "idempotency-key", "start-1" } };

        var first = await client.RegisterAgentAsync(request, Key());
        Assert.Equal(first, await client.RegisterAgentAsync(request, Key()));
        Assert.Equal(1, (await client.GetAgentAsync(new GetAgentRequest { Id = "repeat" })).Agent.Epoch);
    }

    [Fact]
    public async Task A_disabled_agent_cannot_register()
    {
        var client = await As(Tokens.Agent("banned"));
        await RegisterAsync(client);
        await platform.SqlAsync<int>("UPDATE registry.agents SET status = 'disabled' WHERE id = 'banned' RETURNING 1");

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "AGENT_DISABLED", () => RegisterAsync(client));
        var agent = (await client.GetAgentAsync(new GetAgentRequest { Id = "banned" })).Agent;
        Assert.Equal((1L, true), (agent.Epoch, agent.Disabled));
    }

    [Fact]
    public async Task A_registration_is_on_the_audit_log_and_a_heartbeat_is_not()
    {
        var client = await As(Tokens.Agent("audited"));
        var agent = await RegisterAsync(client);
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = agent.Epoch });
        await RegisterAsync(client);

        // The second registration comes after the heartbeat, so a heartbeat's entry would lie between the two.
        var entries = await platform.AuditOfAsync("agent/audited", atLeast: 2);
        Assert.Equal(["agent.register", "agent.register"], entries.Select(e => e.Operation));
        Assert.Equal(["1", "2"], entries.Select(e => e.Metadata.Fields["epoch"].StringValue));
        Assert.All(entries, e => Assert.Equal(("audited", "registry"), (e.AgentId, e.Service)));
    }

    [Fact]
    public async Task Every_wrong_field_is_named_at_once()
    {
        var client = await As(Tokens.Agent("sloppy"));
        await Refusal.ExpectFieldsAsync(async () => await client.RegisterAgentAsync(new RegisterAgentRequest()), "platform", "version");
        await Refusal.ExpectFieldsAsync(async () => await client.RegisterAgentAsync(new RegisterAgentRequest
        {
            Hostname = new string('h', 256),
            Platform = (Machine)99,
            Version = new string('1', 65),
            Capabilities = { "fine", "Not Fine" },
            Tags = { "", "a\0b", new string('t', 65) },
        }), "hostname", "platform", "version", "capabilities[1]", "tags[0]", "tags[1]", "tags[2]");
        await Refusal.ExpectFieldsAsync(async () => await client.RegisterAgentAsync(new RegisterAgentRequest
        {
            Platform = Machine.Linux,
            Version = "1",
            Capabilities = { Enumerable.Repeat("c", 33) },
            Tags = { Enumerable.Repeat("t", 100_000) },
        }), "capabilities", "tags");
    }

    [Fact]
    public async Task An_agent_reads_itself_only_whether_the_other_exists_or_not()
    {
        await RegisterAsync(await As(Tokens.Agent("neighbour")));
        var client = await As(Tokens.Agent("curious"));

        var real = await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await client.GetAgentAsync(new GetAgentRequest { Id = "neighbour" }));
        var unreal = await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await client.GetAgentAsync(new GetAgentRequest { Id = "nobody" }));
        Assert.Equal(unreal.Message, real.Message);
        await Refusal.ExpectAsync(StatusCode.NotFound, "AGENT_NOT_FOUND", async () => await client.GetAgentAsync(new GetAgentRequest { Id = "curious" }));
    }

    [Theory]
    [InlineData("Upper Case")]
    [InlineData("agent/../other")]
    [InlineData("65")]
    public async Task A_token_whose_agent_id_could_not_be_written_down_is_no_agents(string id)
    {
        var client = await As(Tokens.Agent(id == "65" ? new string('a', 65) : id));
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, "AGENT_ID_MISSING", () => RegisterAsync(client));
    }

    [Fact]
    public async Task A_token_whose_subject_has_control_characters_is_refused()
    {
        var person = await As(Tokens.Operator("a\0b"));
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, "TOKEN_INVALID", async () => await person.ListAgentsAsync(new ListAgentsRequest()));
    }

    [Fact]
    public async Task People_read_every_agent()
    {
        var agent = await RegisterAsync(await As(Tokens.Agent("watched")));
        var person = await As(Tokens.Operator());
        Assert.Equal(agent, (await person.GetAgentAsync(new GetAgentRequest { Id = "watched" })).Agent);
        await Refusal.ExpectAsync(StatusCode.NotFound, "AGENT_NOT_FOUND", async () => await person.GetAgentAsync(new GetAgentRequest { Id = "nobody" }));
        foreach (var bad in new[] { "", "../etc", "UPPER", new string('a', 65) })
            await Refusal.ExpectFieldsAsync(async () => await person.GetAgentAsync(new GetAgentRequest { Id = bad }), "id");
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private static async Task<Agent> RegisterAsync(Client client) =>
        (await client.RegisterAgentAsync(new RegisterAgentRequest { Platform = Machine.Linux, Version = "1.0", Hostname = "somewhere" })).Agent;
}
