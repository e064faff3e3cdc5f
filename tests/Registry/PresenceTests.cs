using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;

namespace AgentPlatform.Tests.Registries;

/// <summary>Who goes offline and who does not, with a silence of three seconds.</summary>
public sealed class PresenceTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public PresenceTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["registry"] = new()
        {
            ["Registry:HeartbeatInterval"] = "00:00:01",
            ["Registry:OfflineAfter"] = "00:00:03",
            ["Registry:SweepEvery"] = "00:00:00.5",
        };
    }

    [Fact]
    public async Task A_silent_agent_goes_offline_with_what_it_holds_and_one_that_speaks_stays()
    {
        var silent = await TaskAgent.RegisterAsync(_platform, "silent", tags: ["presence"]);
        var speaking = await TaskAgent.RegisterAsync(_platform, "speaking", tags: ["presence"]);
        await BeatAsync(silent);
        var tasks = await _platform.ClientAsync<AgentTaskService.AgentTaskServiceClient>(Tokens.Operator());
        var task = (await tasks.CreateTaskAsync(new CreateTaskRequest { AgentId = "silent", Task = new TaskSpec { Type = "n" } })).Task;
        await silent.StartedAsync();
        var person = await PersonAsync();
        using var watch = person.WatchAgents(new WatchAgentsRequest { AgentId = "silent" });
        Assert.True(await watch.ResponseStream.MoveNext());

        await Eventually.TrueAsync(async () =>
        {
            await BeatAsync(speaking);
            return !(await person.GetAgentAsync(new GetAgentRequest { Id = "silent" })).Agent.IsOnline;
        }, "the silent agent goes offline");
        Assert.Equal(["silent"], await IdsAsync(new ListAgentsRequest { Tag = "presence", IsOnline = false }));
        Assert.Equal(["speaking"], await IdsAsync(new ListAgentsRequest { Tag = "presence", IsOnline = true }));
        // Its first sign of life may have been written down after the watch began.
        var kinds = new List<AgentEventKind>();
        while (!kinds.Contains(AgentEventKind.Offline) && await watch.ResponseStream.MoveNext())
            kinds.AddRange(watch.ResponseStream.Current.Events.Select(e => e.Kind).Where(k => k is not AgentEventKind.Online));
        Assert.Equal([AgentEventKind.Offline], kinds);
        Assert.Equal("AGENT_OFFLINE", (await tasks.GetTaskAsync(new GetTaskRequest { Id = task.Id })).Task.Reason);

        await BeatAsync(silent);
        Assert.True((await person.GetAgentAsync(new GetAgentRequest { Id = "silent" })).Agent.IsOnline);
        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal([AgentEventKind.Online], watch.ResponseStream.Current.Events.Select(e => e.Kind));

        using var again = person.WatchAgents(new WatchAgentsRequest { AgentId = "silent", Cursor = "0-0" });
        var seen = new List<AgentEventKind>();
        while (seen.Count < 4 && await again.ResponseStream.MoveNext())
            seen.AddRange(again.ResponseStream.Current.Events.Select(e => e.Kind));
        Assert.Equal([AgentEventKind.Registered, AgentEventKind.Online, AgentEventKind.Offline, AgentEventKind.Online], seen);
    }

    [Fact]
    public async Task A_jump_of_the_clock_is_an_outage_of_ours_and_costs_no_agent_its_life()
    {
        var agent = await TaskAgent.RegisterAsync(_platform, "jumper");
        await BeatAsync(agent);
        await Eventually.TrueAsync(async () => (await UpSinceAsync()) != default, "the platform has noted its beat");
        foreach (var jump in new[] { TimeSpan.FromHours(1), -TimeSpan.FromHours(2), TimeSpan.FromHours(3) })
        {
            _platform.Clock.Advance(jump);
            // Long enough for several looks of the sweeper, shorter than the silence allowed.
            var since = await UpSinceAsync();
            await Eventually.TrueAsync(async () => await UpSinceAsync() != since, "the platform notes the jump");
            Assert.Equal([0L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.agent_events WHERE agent_id = 'jumper' AND kind = 'offline'"));
            await BeatAsync(agent);
            Assert.True((await agent.Registry.GetAgentAsync(new GetAgentRequest { Id = "jumper" })).Agent.IsOnline);
        }
    }

    [Fact]
    public async Task A_cursor_that_is_none_is_refused()
    {
        using var watch = (await PersonAsync()).WatchAgents(new WatchAgentsRequest { Cursor = "x" });
        await Refusal.ExpectFieldsAsync(async () => await watch.ResponseStream.MoveNext(), "cursor");
    }

    private async Task<DateTime> UpSinceAsync() => (await _platform.SqlAsync<DateTime>("SELECT up_since FROM registry.platform_beat")).Single();

    private static async Task BeatAsync(TaskAgent agent) => await agent.Registry.HeartbeatAsync(new HeartbeatRequest { Epoch = agent.Epoch });

    private Task<Client> PersonAsync() => _platform.ClientAsync<Client>(Tokens.Operator());

    private async Task<List<string>> IdsAsync(ListAgentsRequest request) => [.. (await (await PersonAsync()).ListAgentsAsync(request)).Agents.Select(a => a.Id)];
}
