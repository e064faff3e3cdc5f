using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Tests.Registries;

/// <summary>Machines and processes that are there twice.</summary>
public sealed class CloneTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_reinstalled_machine_is_the_same_agent_at_the_next_epoch()
    {
        var client = await As("reinstalled");
        Assert.Equal(1, (await RegisterAsync(client, "machine-1", "process-1")).Epoch);
        Assert.Equal(2, (await RegisterAsync(client, "machine-1", "process-2")).Epoch);
        Assert.Equal(3, (await RegisterAsync(client, "machine-1", "process-2")).Epoch);
    }

    [Fact]
    public async Task A_cloned_machine_that_registers_as_another_agent_is_turned_away_and_reported()
    {
        await RegisterAsync(await As("original"), "machine-2", "");
        var clone = await As("clone");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "MACHINE_KEY_TAKEN", () => RegisterAsync(clone, "machine-2", ""));
        await AssertReportedAsync("clone", "MACHINE_KEY_TAKEN");

        var person = await platform.ClientAsync<Client>(Tokens.Operator());
        await person.DeregisterAgentAsync(new DeregisterAgentRequest { Id = "original" });
        Assert.Equal(1, (await RegisterAsync(clone, "machine-2", "")).Epoch);
    }

    [Fact]
    public async Task Of_two_processes_that_are_one_agent_the_one_that_was_taken_over_cannot_take_back()
    {
        var client = await As("ping-pong");
        await RegisterAsync(client, "machine-3", "first");
        var second = await RegisterAsync(client, "machine-3", "second");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DUPLICATE_AGENT", () => RegisterAsync(client, "machine-3", "first"));
        await client.HeartbeatAsync(new HeartbeatRequest { Epoch = second.Epoch });
        await AssertReportedAsync("ping-pong", "DUPLICATE_AGENT");
    }

    [Fact]
    public async Task Keys_that_are_too_long_are_refused()
    {
        var client = await As("wordy");
        await Refusal.ExpectFieldsAsync(() => RegisterAsync(client, new string('k', 129), new string('i', 65)), "machine_key", "instance_id");
    }

    private async Task AssertReportedAsync(string agent, string reason)
    {
        Assert.Equal([reason], await platform.SqlAsync<string>("SELECT detail FROM registry.agent_events WHERE agent_id = $1 AND kind = 'duplicate'", agent));
        await Eventually.TrueAsync(async () => (await platform.AuditOfAsync($"agent/{agent}")).Any(e => e.Outcome is Outcome.Denied && e.Operation == "agent.register"),
            "the refusal is on the audit log");
    }

    private Task<Client> As(string agent) => platform.ClientAsync<Client>(Tokens.Agent(agent));

    private static async Task<Agent> RegisterAsync(Client client, string machine, string instance) => (await client.RegisterAgentAsync(new RegisterAgentRequest
    {
        Platform = Machine.Linux,
        Version = "1",
        MachineKey = machine,
        InstanceId = instance,
    })).Agent;
}
