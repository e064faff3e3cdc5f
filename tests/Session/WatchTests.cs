using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class WatchTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_watcher_sees_state_and_events_of_another_instance_until_the_end()
    {
        var agent = await As("watched");
        await using var other = await platform.StartAnotherAsync("session");
        var neighbour = platform.Client<Client>(other.GrpcAddress, Tokens.Agent("watched"));
        var id = await NewSessionAsync(agent);

        using var watch = neighbour.WatchSession(new WatchSessionRequest { Id = id, AfterSequence = 0 });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(SessionStatus.Pending, watch.ResponseStream.Current.Session.Status);
        await agent.TransitionSessionAsync(new TransitionSessionRequest { Id = id, Status = SessionStatus.Active });
        await AppendAsync(agent, id, 3);
        await agent.TransitionSessionAsync(new TransitionSessionRequest { Id = id, Status = SessionStatus.Completed });

        var told = await ReadAllAsync(watch);
        Assert.Equal([1L, 2L, 3L], told.Where(t => t.Event is not null).Select(t => t.Event.Sequence));
        // The last word is the end; the states before it may have come as one.
        Assert.Equal(SessionStatus.Completed, told[^1].Session.Status);
    }

    [Fact]
    public async Task A_watcher_that_is_cut_and_resumed_a_hundred_times_sees_every_event_once()
    {
        const int Cuts = 100;
        var agent = await As("cut");
        await using var other = await platform.StartAnotherAsync("session");
        Client[] instances = [agent, platform.Client<Client>(other.GrpcAddress, Tokens.Agent("cut"))];
        var id = await NewSessionAsync(agent);
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                await AppendAsync(instances[Random.Shared.Next(2)], id, Random.Shared.Next(1, 4));
            await agent.TransitionSessionAsync(new TransitionSessionRequest { Id = id, Status = SessionStatus.Cancelled });
        });

        var seen = new List<long>();
        for (var cut = 0; cut < Cuts; cut++)
        {
            using var watch = instances[cut % 2].WatchSession(new WatchSessionRequest { Id = id, AfterSequence = seen.Count });
            for (var i = 0; i < 4 && await watch.ResponseStream.MoveNext(default); i++)
            {
                if (watch.ResponseStream.Current.Event is { } next)
                    seen.Add(next.Sequence);
            }
        }
        await stop.CancelAsync();
        await writer;
        using var last = agent.WatchSession(new WatchSessionRequest { Id = id, AfterSequence = seen.Count });
        seen.AddRange((await ReadAllAsync(last)).Where(t => t.Event is not null).Select(t => t.Event.Sequence));

        var count = (await agent.GetSessionAsync(new GetSessionRequest { Id = id })).Session.EventCount;
        Assert.True(count > Cuts, "there was something to see at each cut");
        Assert.Equal(Enumerable.Range(1, (int)count).Select(n => (long)n), seen);
    }

    [Fact]
    public async Task From_now_means_from_now_and_the_future_is_out_of_range()
    {
        var agent = await As("later");
        var id = await NewSessionAsync(agent);
        await AppendAsync(agent, id, 2);
        using var watch = agent.WatchSession(new WatchSessionRequest { Id = id });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        await AppendAsync(agent, id, 1);
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(3, watch.ResponseStream.Current.Event.Sequence);

        await Refusal.ExpectAsync(StatusCode.OutOfRange, "SEQUENCE_BEYOND_END", async () =>
        {
            using var future = agent.WatchSession(new WatchSessionRequest { Id = id, AfterSequence = 4 });
            await future.ResponseStream.MoveNext(default);
        });
        await Refusal.ExpectFieldsAsync(async () =>
        {
            using var negative = agent.WatchSession(new WatchSessionRequest { Id = id, AfterSequence = -1 });
            await negative.ResponseStream.MoveNext(default);
        }, "after_sequence");
        var stranger = await As("stranger");
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", async () =>
        {
            using var foreign = stranger.WatchSession(new WatchSessionRequest { Id = id });
            await foreign.ResponseStream.MoveNext(default);
        });
    }

    [Fact]
    public async Task A_watch_goes_through_the_gateway()
    {
        var gateway = await platform.StartAsync("gateway");
        var agent = platform.Client<Client>(gateway.GrpcAddress, Tokens.Agent("afar"));
        var id = await NewSessionAsync(agent);
        using var watch = agent.WatchSession(new WatchSessionRequest { Id = id, AfterSequence = 0 });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        await AppendAsync(agent, id, 1);
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(1, watch.ResponseStream.Current.Event.Sequence);
    }

    private Task<Client> As(string agent) => platform.ClientAsync<Client>(Tokens.Agent(agent));

    private static async Task<string> NewSessionAsync(Client client) => (await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session.Id;

    private static async Task AppendAsync(Client client, string id, int count) => await client.AppendEventsAsync(
        new AppendEventsRequest { SessionId = id, Events = { Enumerable.Range(0, count).Select(_ => new SessionEvent { Type = "step" }) } });

    private static async Task<List<WatchSessionResponse>> ReadAllAsync(AsyncServerStreamingCall<WatchSessionResponse> watch)
    {
        var told = new List<WatchSessionResponse>();
        await foreach (var part in watch.ResponseStream.ReadAllAsync())
            told.Add(part);
        return told;
    }
}
