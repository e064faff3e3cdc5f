using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Links = AgentPlatform.Contracts.Registry.V1.AgentLinkService.AgentLinkServiceClient;

namespace AgentPlatform.Tests.Registries;

public sealed class ConnectTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Tasks_come_by_the_stream_and_their_ends_go_by_it()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "linked");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 2);
        Assert.True((await agent.Registry.GetAgentAsync(new GetAgentRequest { Id = "linked" })).Agent.IsOnline);
        var made = new List<string>();
        for (var i = 0; i < 5; i++)
            made.Add((await platform.CreateTaskAsync("linked")).Id);

        var done = new List<string>();
        var answered = 0;
        while (answered < made.Count && await link.ResponseStream.MoveNext())
        {
            var message = link.ResponseStream.Current;
            // The next task may come before the answer about this one.
            if (message.Task is { } task)
            {
                done.Add(task.Id);
                await link.RequestStream.WriteAsync(new ConnectRequest { Number = done.Count, Start = new StartTaskRequest { Id = task.Id, Fence = agent.FenceOf(task) } });
                await link.RequestStream.WriteAsync(new ConnectRequest { Number = 100 + done.Count, Complete = new CompleteTaskRequest { Id = task.Id, Fence = agent.FenceOf(task) } });
            }
            else if (message.Answer is { } answer)
            {
                Assert.Equal("", answer.Reason);
                answered += answer.Number > 100 ? 1 : 0;
            }
        }
        Assert.Equal(made, done);
    }

    [Fact]
    public async Task A_stream_that_never_says_hello_is_closed()
    {
        using var link = (await platform.ClientAsync<Links>(Tokens.Agent("speechless"))).Connect();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await Refusal.ExpectAsync(StatusCode.DeadlineExceeded, "HELLO_TOO_SLOW", () => link.ResponseStream.MoveNext(deadline.Token));
    }

    [Fact]
    public async Task Much_that_is_said_at_once_is_answered_and_of_each_task_in_its_order()
    {
        const int Count = 100;
        var agent = await TaskAgent.RegisterAsync(platform, "talkative");
        for (var i = 0; i < Count; i++)
            await platform.CreateTaskAsync("talkative");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: Count);
        var tasks = new List<AgentTask>();
        while (tasks.Count < Count)
            tasks.Add(await link.NextTaskAsync());
        foreach (var (number, task) in tasks.Index())
        {
            var (id, fence) = (task.Id, agent.FenceOf(task));
            await link.RequestStream.WriteAsync(new ConnectRequest { Number = 10 * number, Start = new StartTaskRequest { Id = id, Fence = fence } });
            await link.RequestStream.WriteAsync(new ConnectRequest { Number = 10 * number + 1, Progress = new ReportProgressRequest { Id = id, Fence = fence, Percent = 99, Message = "nearly" } });
            await link.RequestStream.WriteAsync(new ConnectRequest { Number = 10 * number + 2, Complete = new CompleteTaskRequest { Id = id, Fence = fence } });
            await link.RequestStream.WriteAsync(new ConnectRequest { Number = 10 * number + 3, Progress = new ReportProgressRequest { Id = id, Fence = fence, Percent = 1 } });
        }

        var answers = new Dictionary<long, string>();
        while (answers.Count < 4 * Count)
            Assert.True(await link.NextAsync(r => r.Answer) is var answer && answers.TryAdd(answer.Number, answer.Reason));
        Assert.All(answers, a => Assert.Equal(a.Key % 10 == 3 ? "STALE_LEASE" : "", a.Value));
        Assert.Equal([(long)Count], await platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'talkative' AND status = 'completed' AND progress_message = 'nearly'"));
    }

    [Fact]
    public async Task No_more_is_handed_out_than_the_agent_takes_until_it_lets_go()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "narrow");
        for (var i = 0; i < 3; i++)
            await platform.CreateTaskAsync("narrow");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 2);
        var first = await link.NextTaskAsync();
        await link.NextTaskAsync();
        var third = link.NextTaskAsync();
        // The answer to a heartbeat comes after whatever was to be handed out before it.
        Assert.Equal([2L], await platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'narrow' AND lease_until IS NOT NULL"));
        Assert.False(third.IsCompleted);
        await agent.CompleteAsync(first);
        await third;
    }

    [Fact]
    public async Task Who_comes_back_gets_again_what_it_does_not_name_and_goes_on_with_what_it_does()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "returning");
        for (var i = 0; i < 2; i++)
            await platform.CreateTaskAsync("returning");
        AgentTask running, unseen;
        using (var link = await platform.OpenLinkAsync(agent, maxInFlight: 2))
        {
            running = await link.NextTaskAsync();
            unseen = await link.NextTaskAsync();
            await agent.StartAsync(running);
        }
        using var again = await platform.OpenLinkAsync(agent, maxInFlight: 2, running.Id);
        Assert.Equal(unseen, await again.NextTaskAsync());
        await agent.CompleteAsync(running);
        await agent.CompleteAsync(unseen);
    }

    [Fact]
    public async Task What_had_begun_and_is_not_named_counts_as_a_lost_attempt()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "forgetful");
        await platform.CreateTaskAsync("forgetful");
        var task = await agent.StartedAsync();
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 1);
        var again = await link.NextTaskAsync();
        Assert.Equal((task.Id, 2), (again.Id, again.Attempt));
    }

    [Fact]
    public async Task The_stream_tells_what_to_stop_and_ends_when_the_agent_is_taken_over()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "commanded");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 1);
        var made = await platform.CreateTaskAsync("commanded");
        await link.NextTaskAsync();
        await (await platform.TasksAsync()).CancelTaskAsync(new CancelTaskRequest { Id = made.Id });
        Assert.Equal(made.Id, (await link.NextAsync(r => r.HasCancelTaskId ? r : null)).CancelTaskId);

        await TaskAgent.RegisterAsync(platform, "commanded");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_EPOCH", () => link.NextAsync<object>(_ => null));
    }

    [Fact]
    public async Task A_request_that_is_refused_is_answered_and_the_stream_goes_on()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "clumsy");
        using var link = await platform.OpenLinkAsync(agent, maxInFlight: 1);
        await link.RequestStream.WriteAsync(new ConnectRequest { Number = 1, Complete = new CompleteTaskRequest { Id = Guid.NewGuid().ToString(), Fence = new Fence { Epoch = agent.Epoch, Attempt = 1 } } });
        await link.RequestStream.WriteAsync(new ConnectRequest { Number = 2 });
        await link.RequestStream.WriteAsync(new ConnectRequest { Number = 3, Heartbeat = new HeartbeatRequest { Epoch = agent.Epoch } });
        var answers = new List<Answer>();
        while (answers.Count < 3)
            answers.Add(await link.NextAsync(r => r.Answer));
        answers.Sort((a, b) => a.Number.CompareTo(b.Number));
        Assert.Equal([(1, "TASK_NOT_FOUND", (int)StatusCode.NotFound), (2, "INVALID_FIELD", (int)StatusCode.InvalidArgument), (3, "", 0)], answers.Select(Facts));
        Assert.Equal(30, answers[2].Heartbeat.HeartbeatInterval.Seconds);
    }

    [Fact]
    public async Task A_stream_that_does_not_begin_with_a_hello_is_refused()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "rude");
        foreach (var (message, field) in new[] { (new ConnectRequest { Heartbeat = new HeartbeatRequest { Epoch = 1 } }, "hello"), (new ConnectRequest { Hello = new Hello() }, "hello.epoch") })
        {
            using var link = (await platform.ClientAsync<Links>(Tokens.Agent("rude"))).Connect();
            await link.RequestStream.WriteAsync(message);
            await Refusal.ExpectFieldsAsync(() => link.NextAsync<object>(_ => null), field);
        }
        using var stale = (await platform.ClientAsync<Links>(Tokens.Agent("rude"))).Connect();
        await stale.RequestStream.WriteAsync(new ConnectRequest { Hello = new Hello { Epoch = agent.Epoch + 1 } });
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_EPOCH", () => stale.NextAsync<object>(_ => null));
    }

    private static (long Number, string Reason, int Code) Facts(Answer answer) => (answer.Number, answer.Reason, answer.Code);
}
