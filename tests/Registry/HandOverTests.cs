using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Links = AgentPlatform.Contracts.Registry.V1.AgentLinkService.AgentLinkServiceClient;
using Tasks = AgentPlatform.Contracts.Registry.V1.AgentTaskService.AgentTaskServiceClient;

namespace AgentPlatform.Tests.Registries;

/// <summary>Tasks that are their agents' in the commit that makes them, since the agents' streams are at the same instance; and those that are not.</summary>
public sealed class HandOverTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_task_for_an_agent_that_waits_by_a_stream_is_its_own_in_the_commit_that_makes_it()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "waiting");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 1);
        // Its first look for tasks may still be under way, or the one after its last task.
        await Eventually.TrueAsync(async () =>
        {
            var (made, isHeldAtOnce) = await CreateAndLookAsync("waiting");
            var given = await link.NextTaskAsync();
            await agent.StartAsync(given);
            Assert.Equal(AgentTaskStatus.Pending, made.Status);
            Assert.Equal((made.Id, made.Payload, 1, AgentTaskStatus.Assigned, "waiting"), (given.Id, given.Payload, given.Attempt, given.Status, given.AgentId));
            Assert.True(given.LeaseExpireTime > made.CreateTime);
            await agent.CompleteAsync(given);
            return isHeldAtOnce;
        }, "a task is handed over at its making");
    }

    [Fact]
    public async Task A_repeat_of_the_call_hands_nothing_over_again()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "once");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 10);
        var request = new CreateTaskRequest { AgentId = "once", Task = new TaskSpec { Type = "first" } };
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(
            async _ => await (await platform.TasksAsync()).CreateTaskAsync(request, new Metadata { { "idempotency-key", "once" } })));
        Assert.Single(answers.Distinct());
        await platform.CreateTaskAsync("once", "second");
        Assert.Equal("first", (await link.NextTaskAsync()).Type);
        Assert.Equal("second", (await link.NextTaskAsync()).Type);
    }

    [Fact]
    public async Task The_order_is_that_of_the_making_although_two_instances_make_them_and_the_agent_is_busy_now_and_then()
    {
        const int Count = 60;
        var agent = await TaskAgent.RegisterAsync(platform, "orderly");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 2);
        await using var another = await platform.StartAnotherAsync("registry");
        var here = await platform.TasksAsync();
        var there = platform.Client<Tasks>(another.GrpcAddress, Tokens.Operator());
        var making = Task.Run(async () =>
        {
            var made = new List<string>();
            for (var i = 0; i < Count; i++)
                made.Add((await (i % 3 == 0 ? there : here).CreateTaskAsync(new CreateTaskRequest { AgentId = "orderly", Task = new TaskSpec { Type = "n" } })).Task.Id);
            return made;
        });
        var given = new List<string>();
        while (given.Count < Count)
        {
            var task = await link.NextTaskAsync();
            given.Add(task.Id);
            await agent.CompleteAsync(task);
        }
        Assert.Equal(await making, given);
    }

    [Fact]
    public async Task No_more_is_handed_over_than_the_agent_takes_and_each_once()
    {
        const int Count = 40;
        var agent = await TaskAgent.RegisterAsync(platform, "full");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 3);
        var person = await platform.TasksAsync();
        // Many of one commit, some of them by one call.
        var batch = new CreateTasksRequest();
        for (var i = 0; i < Count / 2; i++)
            batch.Tasks.Add(new CreateTaskRequest { AgentId = "full", Task = new TaskSpec { Type = "n" } });
        var calls = Enumerable.Range(0, Count / 2).Select(_ => platform.CreateTaskAsync("full")).ToList();
        await person.CreateTasksAsync(batch);
        await Task.WhenAll(calls);

        var given = new HashSet<string>();
        while (given.Count < Count)
        {
            var task = await link.NextTaskAsync();
            Assert.True(given.Add(task.Id));
            Assert.InRange((await platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'full' AND lease_until IS NOT NULL"))[0], 1, 3);
            await agent.CompleteAsync(task);
        }
        Assert.Equal([0L], await platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'full' AND status <> 'completed'"));
    }

    [Fact]
    public async Task One_that_is_made_while_another_is_still_being_committed_leaves_it_its_room()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "narrow");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 1);
        // Until the stream is at rest, and is handed over what is made.
        await Eventually.TrueAsync(async () =>
        {
            var isHeldAtOnce = (await CreateAndLookAsync("narrow")).IsHeldAtOnce;
            await agent.CompleteAsync(await link.NextTaskAsync());
            return isHeldAtOnce;
        }, "the stream is at rest");
        await platform.SqlAsync<int>("ALTER TABLE registry.tasks ADD CONSTRAINT slowly CHECK (type <> 'slow' OR pg_sleep(1)::text IS NOT NULL)");
        var slow = platform.CreateTaskAsync("narrow", "slow");
        await Eventually.TrueAsync(async () => (await platform.SqlAsync<long>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"))[0] > 0, "the first one is on its way");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => platform.CreateTaskAsync("narrow")));
        await slow;
        await platform.SqlAsync<int>("ALTER TABLE registry.tasks DROP CONSTRAINT slowly");
        for (var i = 0; i < 21; i++)
        {
            var task = await link.NextTaskAsync();
            Assert.Equal([1L], await platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'narrow' AND lease_until IS NOT NULL"));
            await agent.CompleteAsync(task);
        }
    }

    [Fact]
    public async Task What_is_more_urgent_comes_first_among_those_that_are_made_together()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "urgent");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 1);
        var batch = new CreateTasksRequest();
        foreach (var priority in new[] { 1, 9, 5 })
            batch.Tasks.Add(new CreateTaskRequest { AgentId = "urgent", Task = new TaskSpec { Type = "n", Priority = priority } });
        await (await platform.TasksAsync()).CreateTasksAsync(batch);
        foreach (var priority in new[] { 9, 5, 1 })
        {
            var task = await link.NextTaskAsync();
            Assert.Equal(priority, task.Priority);
            await agent.CompleteAsync(task);
        }
    }

    [Fact]
    public async Task A_stream_that_another_one_has_replaced_is_handed_nothing()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "moved");
        using var old = await platform.OpenLinkAsync(agent, maxInFlight: 10);
        await using var another = await platform.StartAnotherAsync("registry");
        using var link = await platform.Client<Links>(another.GrpcAddress, Tokens.Agent("moved")).OpenAsync(agent, maxInFlight: 10);
        // Made where the old stream is.
        var made = await platform.CreateTaskAsync("moved");
        Assert.Equal(made.Id, (await link.NextTaskAsync()).Id);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STREAM_REPLACED", () => old.NextTaskAsync());
    }

    [Fact]
    public async Task An_agent_that_is_disabled_or_of_an_older_epoch_is_handed_nothing()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "barred");
        using (var link = await platform.OpenLinkAsync(agent, maxInFlight: 10))
        {
            await agent.RegisterAgainAsync();
            Assert.False((await CreateAndLookAsync("barred")).IsHeldAtOnce);
            await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_EPOCH", () => link.NextTaskAsync());
        }
        Assert.Equal([1L], await platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'barred' AND status = 'pending'"));
    }

    [Fact]
    public async Task A_task_for_an_agent_that_never_registered_is_refused_with_all_that_came_with_it_and_with_nothing_else()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "known");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 30);
        var person = await platform.TasksAsync();
        CreateTaskRequest For(string id) => new() { AgentId = id, Task = new TaskSpec { Type = "n" } };
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "UNKNOWN_AGENT",
            async () => await person.CreateTasksAsync(new CreateTasksRequest { Tasks = { For("known"), For("never-seen") } }));
        // At once, so that they go in one group.
        var refused = Enumerable.Range(0, 4).Select(_ => Refusal.ExpectAsync(StatusCode.FailedPrecondition, "UNKNOWN_AGENT", async () => await person.CreateTaskAsync(For("never-seen")))).ToList();
        var made = (await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => platform.CreateTaskAsync("known")))).Select(t => t.Id).Order().ToList();
        await Task.WhenAll(refused);
        var given = new List<string>();
        while (given.Count < made.Count)
            given.Add((await link.NextTaskAsync()).Id);
        Assert.Equal(made, given.Order());
        Assert.Equal([16L], await platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'known' OR queue = 'agent:never-seen'"));
    }

    private async Task<(AgentTask Made, bool IsHeldAtOnce)> CreateAndLookAsync(string agentId)
    {
        var key = Guid.NewGuid().ToString("N");
        var request = new CreateTaskRequest { AgentId = agentId, Task = new TaskSpec { Type = "n", Payload = new Struct { Fields = { ["amount"] = Value.ForNumber(1.5) } } } };
        var made = (await (await platform.TasksAsync()).CreateTaskAsync(request, new Metadata { { "idempotency-key", key } })).Task;
        // A row tells by xmin which transaction has written it last.
        var isHeldAtOnce = await platform.SqlAsync<bool>(
            $"SELECT t.xmin = i.xmin AND t.status = 'assigned' FROM registry.tasks t, registry.idempotency i WHERE t.id = '{made.Id}' AND i.key = '{key}'");
        return (made, isHeldAtOnce[0]);
    }
}
