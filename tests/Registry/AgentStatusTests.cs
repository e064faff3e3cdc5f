using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Tests.Registries;

/// <summary>What people decide about agents, and by what they find them.</summary>
public sealed class AgentStatusTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_quarantined_agent_gets_no_tasks_but_finishes_its_own()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "suspect");
        await platform.CreateTaskAsync("suspect");
        var held = await agent.StartedAsync();
        await platform.CreateTaskAsync("suspect");
        var person = await PersonAsync();
        Assert.Equal(AgentStatus.Quarantined, (await person.QuarantineAgentAsync(new QuarantineAgentRequest { Id = "suspect", Reason = "odd results" })).Agent.Status);

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "AGENT_QUARANTINED", () => agent.PollAsync());
        await agent.Registry.HeartbeatAsync(new HeartbeatRequest { Epoch = agent.Epoch });
        await agent.CompleteAsync(held);
        await person.ReleaseAgentAsync(new ReleaseAgentRequest { Id = "suspect" });
        await agent.CompleteAsync(await agent.TakeAsync());
        Assert.Equal(["agent.register", "agent.quarantine", "agent.release"], (await platform.AuditOfAsync("agent/suspect", 3)).Select(e => e.Operation));
    }

    [Fact]
    public async Task Disabling_takes_away_what_an_agent_holds()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "off");
        var made = await platform.CreateTaskAsync("off");
        var held = await agent.StartedAsync();
        await (await PersonAsync()).DisableAgentAsync(new DisableAgentRequest { Id = "off" });
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "AGENT_DISABLED", () => agent.CompleteAsync(held));
        Assert.Equal("AGENT_DISABLED", (await (await platform.TasksAsync()).GetTaskAsync(new GetTaskRequest { Id = made.Id })).Task.Reason);
    }

    [Fact]
    public async Task A_deregistered_agent_is_gone_until_it_registers_again()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "gone", tags: ["gone"]);
        var made = await platform.CreateTaskAsync("gone");
        var person = await PersonAsync();
        await person.DeregisterAgentAsync(new DeregisterAgentRequest { Id = "gone" });

        Assert.Empty((await person.ListAgentsAsync(new ListAgentsRequest { Tag = "gone" })).Agents);
        Assert.Single((await person.ListAgentsAsync(new ListAgentsRequest { Tag = "gone", Status = AgentStatus.Deregistered })).Agents);
        await Refusal.ExpectAsync(StatusCode.NotFound, "AGENT_NOT_FOUND", async () => await agent.Registry.HeartbeatAsync(new HeartbeatRequest { Epoch = agent.Epoch }));
        Assert.Equal(AgentTaskStatus.Cancelled, (await (await platform.TasksAsync()).GetTaskAsync(new GetTaskRequest { Id = made.Id })).Task.Status);
        var before = agent.Epoch;
        await agent.RegisterAgainAsync();
        Assert.Equal(before + 1, agent.Epoch);
        await agent.Registry.HeartbeatAsync(new HeartbeatRequest { Epoch = agent.Epoch });
    }

    [Fact]
    public async Task Steps_that_cannot_be_are_refused_and_repeats_change_nothing()
    {
        await TaskAgent.RegisterAsync(platform, "steps");
        var person = await PersonAsync();
        await person.DisableAgentAsync(new DisableAgentRequest { Id = "steps", Reason = "first" });
        Assert.Equal("first", (await person.DisableAgentAsync(new DisableAgentRequest { Id = "steps", Reason = "second" })).Agent.StatusReason);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", async () => await person.QuarantineAgentAsync(new QuarantineAgentRequest { Id = "steps" }));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", async () => await person.ReleaseAgentAsync(new ReleaseAgentRequest { Id = "steps" }));
        await Refusal.ExpectAsync(StatusCode.NotFound, "AGENT_NOT_FOUND", async () => await person.EnableAgentAsync(new EnableAgentRequest { Id = "nobody" }));
        await Refusal.ExpectFieldsAsync(async () => await person.DisableAgentAsync(new DisableAgentRequest { Id = "No Id", Reason = new string('r', 513) }), "id", "reason");
    }

    [Fact]
    public async Task Agents_are_found_by_role_capability_version_hostname_and_status()
    {
        var client = await platform.ClientAsync<Client>(Tokens.Agent("findable"));
        await client.RegisterAgentAsync(new RegisterAgentRequest
        {
            Platform = Machine.Macos,
            Version = "7.7",
            Hostname = "find-me.example",
            Roles = { "finder" },
            Capabilities = { "find.things" },
        });
        foreach (var filter in new[]
        {
            new ListAgentsRequest { Role = "finder" }, new ListAgentsRequest { Capability = "find.things" }, new ListAgentsRequest { Version = "7.7" },
            new ListAgentsRequest { HostnamePrefix = "find-" }, new ListAgentsRequest { Status = AgentStatus.Active, Platform = Machine.Macos },
        })
            Assert.Equal(["findable"], (await (await PersonAsync()).ListAgentsAsync(filter)).Agents.Select(a => a.Id));
        Assert.Empty((await (await PersonAsync()).ListAgentsAsync(new ListAgentsRequest { Role = "finder", Version = "7" })).Agents);
    }

    private Task<Client> PersonAsync() => platform.ClientAsync<Client>(Tokens.Operator());
}
