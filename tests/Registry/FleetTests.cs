using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Tests.Registries;

public sealed class FleetTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Each_filter_finds_its_own_and_filters_add_up()
    {
        await RegisterAsync("filter-a", Machine.Linux, online: true, "filter", "blue");
        await RegisterAsync("filter-b", Machine.Linux, online: false, "filter");
        await RegisterAsync("filter-c", Machine.Other, online: true, "filter");

        Assert.Equal(["filter-a", "filter-b", "filter-c"], await IdsAsync(new ListAgentsRequest { Tag = "filter" }));
        Assert.Equal(["filter-a", "filter-c"], await IdsAsync(new ListAgentsRequest { Tag = "filter", IsOnline = true }));
        Assert.Equal(["filter-b"], await IdsAsync(new ListAgentsRequest { Tag = "filter", IsOnline = false }));
        Assert.Equal(["filter-c"], await IdsAsync(new ListAgentsRequest { Platform = Machine.Other }));
        Assert.Equal(["filter-a"], await IdsAsync(new ListAgentsRequest { Tag = "blue" }));
        Assert.Empty(await IdsAsync(new ListAgentsRequest { Tag = "blu" }));
        Assert.Empty(await IdsAsync(new ListAgentsRequest { Tag = "blue", IsOnline = false }));
    }

    [Fact]
    public async Task Every_agent_is_shown_once_by_id()
    {
        string[] ids = ["page-10", "page-2", "page.a", "page_a", "paged", "page"];
        foreach (var id in ids)
            await RegisterAsync(id, Machine.Linux, online: false, "page");

        var seen = new List<string>();
        var person = await As(Tokens.Operator());
        var token = "";
        do
        {
            var page = await person.ListAgentsAsync(new ListAgentsRequest { Tag = "page", PageSize = 2, PageToken = token });
            seen.AddRange(page.Agents.Select(a => a.Id));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        Assert.Equal(ids.Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task A_list_of_wrong_filters_or_of_another_lists_token_is_refused()
    {
        await RegisterAsync("token-a", Machine.Linux, online: false, "token");
        await RegisterAsync("token-b", Machine.Linux, online: false, "token");
        var person = await As(Tokens.Operator());
        var token = (await person.ListAgentsAsync(new ListAgentsRequest { Tag = "token", PageSize = 1 })).NextPageToken;

        // Not asking for the state and asking for those offline are two lists.
        await Refusal.ExpectFieldsAsync(async () => await person.ListAgentsAsync(new ListAgentsRequest { Tag = "token", IsOnline = false, PageToken = token }), "page_token");
        await Refusal.ExpectFieldsAsync(async () => await person.ListAgentsAsync(new ListAgentsRequest { Tag = "token", PageToken = "AAAA" }), "page_token");
        await Refusal.ExpectFieldsAsync(async () => await person.ListAgentsAsync(new ListAgentsRequest { PageSize = -1 }), "page_size");
        await Refusal.ExpectFieldsAsync(async () => await person.ListAgentsAsync(new ListAgentsRequest { Platform = (Machine)99, Tag = "a\0" }), "platform", "tag");
        await Refusal.ExpectFieldsAsync(async () => await person.ListAgentsAsync(new ListAgentsRequest { Tag = new string('t', 65) }), "tag");
    }

    [Fact]
    public async Task The_auditor_is_configured_from_the_start()
    {
        var agent = await As(Tokens.Agent("auditor_v1"));
        var config = (await agent.GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = "auditor_v1" })).Config;

        Assert.Equal(("auditor_v1", true, 1L), (config.AgentId, config.Enabled, config.Version));
        Assert.NotNull(config.UpdateTime);
        Assert.Equal(Struct.Parser.ParseJson("""{"schedule": "0 2 * * *", "thresholds": {"max_discrepancy_percent": 5.0}}"""), config.Config);
        Assert.Equal(config, (await (await As(Tokens.Auditor())).GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = "auditor_v1" })).Config);
    }

    [Fact]
    public async Task An_agent_reads_its_own_configuration_only()
    {
        var agent = await As(Tokens.Agent("plain"));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await agent.GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = "auditor_v1" }));
        await Refusal.ExpectAsync(StatusCode.NotFound, "AGENT_CONFIG_NOT_FOUND", async () => await agent.GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = "plain" }));
        await Refusal.ExpectFieldsAsync(async () => await agent.GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = "No Id" }), "agent_id");
        await Refusal.ExpectFieldsAsync(async () => await agent.GetAgentConfigAsync(new GetAgentConfigRequest()), "agent_id");
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private async Task RegisterAsync(string id, Machine machine, bool online, params string[] tags)
    {
        var agent = await As(Tokens.Agent(id));
        var registered = await agent.RegisterAgentAsync(new RegisterAgentRequest { Platform = machine, Version = "1", Tags = { tags } });
        if (online)
            await agent.HeartbeatAsync(new HeartbeatRequest { Epoch = registered.Agent.Epoch });
    }

    private async Task<List<string>> IdsAsync(ListAgentsRequest request)
    {
        var person = await As(Tokens.Operator());
        return [.. (await person.ListAgentsAsync(request)).Agents.Select(a => a.Id)];
    }
}
