using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class WatchTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_watch_from_the_beginning_shows_states_and_all_events_and_ends_with_the_session()
    {
        var agent = await As("whole");
        var session = await agent.CreateAsync();
        await agent.AppendAsync(session.Id, 450);
        using var watch = Watch(agent, session.Id, 0);
        Assert.Equal(SessionStatus.Pending, (await NextAsync(watch)).Session.Status);
        var events = new List<SessionEvent>();
        while (events.Count < 450)
            events.AddRange((await NextAsync(watch)).Events);

        Assert.Equal(SessionStatus.Active, (await agent.MoveAsync(session.Id, SessionStatus.Active)).Status);
        Assert.Equal(SessionStatus.Active, (await NextAsync(watch)).Session.Status);
        await agent.AppendAsync(session.Id);
        var ended = await agent.MoveAsync(session.Id, SessionStatus.Completed);
        var last = await NextAsync(watch);
        events.AddRange(last.Events);
        last = await NextAsync(watch);

        Assert.Equal((ended, 451L), (last.Session, last.Sequence));
        Assert.False(await watch.ResponseStream.MoveNext());
        Assert.Equal(Enumerable.Range(1, 451).Select(i => (long)i), events.Select(e => e.Sequence));
        Assert.Equal(events, await agent.EventsAsync(new ListEventsRequest { SessionId = session.Id }));
    }

    [Fact]
    public async Task A_watch_from_now_shows_what_comes_and_nothing_that_was()
    {
        var agent = await As("now");
        var session = await agent.CreateAsync();
        await agent.AppendAsync(session.Id, 3);
        using var watch = Watch(agent, session.Id, null);
        Assert.Equal(3, (await NextAsync(watch)).Sequence);

        await agent.AppendAsync(session.Id, 2);
        Assert.Equal([4L, 5], (await NextAsync(watch)).Events.Select(e => e.Sequence));
    }

    [Fact]
    public async Task A_watch_that_is_cut_and_resumed_a_hundred_times_sees_every_event_once_while_two_instances_write()
    {
        const int Cuts = 100;
        await using var other = await platform.StartAnotherAsync("session");
        var clients = new[] { await As("cut"), platform.Client<Client>(other.GrpcAddress, Tokens.Agent("cut")) };
        var session = await clients[0].CreateAsync();
        var stop = false;
        var writing = Task.WhenAll(clients.SelectMany(client => Enumerable.Range(0, 2).Select(async _ =>
        {
            var written = 0;
            for (; !Volatile.Read(ref stop); written += 2)
                await client.AppendAsync(session.Id, 2);
            return written;
        })));

        var (seen, cursor) = (new List<long>(), 0L);
        for (var cut = 0; cut < Cuts; cut++)
        {
            using var watch = Watch(clients[cut % 2], session.Id, cursor);
            for (var piece = 0; piece <= 1 + cut % 3; piece++)
                cursor = Take(await NextAsync(watch), seen);
        }
        Volatile.Write(ref stop, true);
        var written = (await writing).Sum();
        await clients[0].MoveAsync(session.Id, SessionStatus.Cancelled);
        using var rest = Watch(clients[1], session.Id, cursor);
        while (await rest.ResponseStream.MoveNext())
            cursor = Take(rest.ResponseStream.Current, seen);

        Assert.Equal(Enumerable.Range(1, written).Select(i => (long)i), seen);
        Assert.Equal(written, cursor);
        Assert.True(written > Cuts, $"Only {written} events were written meanwhile.");
    }

    [Fact]
    public async Task A_watch_of_an_ended_session_shows_what_is_left_and_ends()
    {
        var agent = await As("past");
        var session = await agent.CreateAsync();
        await agent.AppendAsync(session.Id, 3);
        var ended = await agent.MoveAsync(session.Id, SessionStatus.Cancelled);

        using var watch = Watch(agent, session.Id, 1);
        Assert.Equal([2L, 3], (await NextAsync(watch)).Events.Select(e => e.Sequence));
        Assert.Equal(ended, (await NextAsync(watch)).Session);
        Assert.False(await watch.ResponseStream.MoveNext());
        using var nothing = Watch(agent, session.Id, 3);
        Assert.Equal(ended, (await NextAsync(nothing)).Session);
        Assert.False(await nothing.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task A_watch_goes_through_the_gateway()
    {
        var agent = await platform.ClientAsync<Client>("gateway", Tokens.Agent("outside"));
        var session = await agent.CreateAsync();
        using var watch = Watch(agent, session.Id, 0);
        Assert.Equal(session, (await NextAsync(watch)).Session);
        await agent.AppendAsync(session.Id);
        Assert.Equal("1", Assert.Single((await NextAsync(watch)).Events).Message);
    }

    [Fact]
    public async Task A_sequence_from_the_future_or_no_sequence_or_another_agents_session_is_refused()
    {
        var agent = await As("future");
        var session = await agent.CreateAsync();
        await agent.AppendAsync(session.Id, 2);
        await RefusedAsync(agent, session.Id, 3, StatusCode.OutOfRange, "SEQUENCE_BEYOND_END");
        await RefusedAsync(agent, session.Id, long.MaxValue, StatusCode.OutOfRange, "SEQUENCE_BEYOND_END");
        await RefusedAsync(agent, session.Id, -1, StatusCode.InvalidArgument, Errors.InvalidFieldReason);
        await RefusedAsync(agent, "42", 0, StatusCode.InvalidArgument, Errors.InvalidFieldReason);
        await RefusedAsync(await As("thief"), session.Id, 0, StatusCode.NotFound, "SESSION_NOT_FOUND");
        await RefusedAsync(agent, Guid.CreateVersion7().ToString(), 0, StatusCode.NotFound, "SESSION_NOT_FOUND");
    }

    [Fact]
    public async Task An_instance_that_stops_says_so_to_its_watchers()
    {
        var other = await platform.StartAnotherAsync("session");
        var agent = platform.Client<Client>(other.GrpcAddress, Tokens.Agent("stopped"));
        var session = await agent.CreateAsync();
        using var watch = Watch(agent, session.Id, 0);
        await NextAsync(watch);

        var stopping = other.DisposeAsync();
        await Refusal.ExpectAsync(StatusCode.Unavailable, "STOPPING", () => watch.ResponseStream.MoveNext());
        await stopping;
    }

    [Fact]
    public async Task One_caller_has_half_of_an_instances_places_and_beyond_them_all_but_services_are_told_to_come_back()
    {
        const int Most = 256, PerConnection = 64, Half = Most / 2;
        await using var other = await platform.StartAnotherAsync("session");
        var clients = Enumerable.Range(0, 1 + Most / PerConnection).Select(i => platform.Client<Client>(other.GrpcAddress, Tokens.Operator($"watcher-{i * PerConnection / Half}"))).ToList();
        var session = await clients[0].CreateAsync();
        var watches = new List<AsyncServerStreamingCall<WatchSessionResponse>>();
        for (var i = 0; i < Most; i++)
        {
            watches.Add(Watch(clients[i / PerConnection], session.Id, 0));
            await NextAsync(watches[i]);
            if (i == Half - 1)
                await RefusedAsync(clients[0], session.Id, 0, StatusCode.ResourceExhausted, "TOO_MANY_WATCHES");
        }

        await platform.Client<TaskDispatchService.TaskDispatchServiceClient>(other.GrpcAddress, Tokens.Service("registry")).FetchDispatchesAsync(new FetchDispatchesRequest());
        await RefusedAsync(clients[^1], session.Id, 0, StatusCode.ResourceExhausted, "TOO_MANY_WATCHES");
        watches[0].Dispose();
        await Eventually.TrueAsync(async () =>
        {
            using var another = Watch(clients[^1], session.Id, 0);
            return await another.ResponseStream.MoveNext();
        }, "the place of a closed watch is free");
        watches.ForEach(w => w.Dispose());
    }

    private Task<Client> As(string agent) => platform.ClientAsync<Client>(Tokens.Agent(agent));

    private static AsyncServerStreamingCall<WatchSessionResponse> Watch(Client client, string id, long? after)
    {
        var request = new WatchSessionRequest { Id = id };
        if (after is { } sequence)
            request.AfterSequence = sequence;
        return client.WatchSession(request, deadline: TimeProvider.System.GetUtcNow().UtcDateTime + GiveUpAfter);
    }

    private static async Task<WatchSessionResponse> NextAsync(AsyncServerStreamingCall<WatchSessionResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(), "The stream has ended.");
        return watch.ResponseStream.Current;
    }

    // How far the stream has come is what its pieces said, and no further.
    private static long Take(WatchSessionResponse piece, List<long> seen)
    {
        seen.AddRange(piece.Events.Select(e => e.Sequence));
        Assert.Equal(seen.LastOrDefault(), piece.Sequence);
        return piece.Sequence;
    }

    private static async Task RefusedAsync(Client client, string id, long after, StatusCode code, string reason)
    {
        using var watch = Watch(client, id, after);
        await Refusal.ExpectAsync(code, reason, () => watch.ResponseStream.MoveNext());
    }
}
