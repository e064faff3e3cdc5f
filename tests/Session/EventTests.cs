using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class EventTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Events_read_back_as_they_were_added_and_count_in_the_session()
    {
        var agent = await As(Tokens.Agent("teller"));
        var id = await NewSessionAsync(agent);
        var added = await agent.AppendEventsAsync(new AppendEventsRequest
        {
            SessionId = id,
            Events =
            {
                new SessionEvent { Type = "tool.called", Source = "crm", Message = "März ✓", Payload = Struct.Parser.ParseJson("""{"args": [1, null]}"""), Salience = 0.75 },
                new SessionEvent { Type = "note" },
            },
        });
        Assert.Equal((1, 2), (added.FirstSequence, added.LastSequence));

        var events = (await agent.ListEventsAsync(new ListEventsRequest { SessionId = id })).Events;
        Assert.Equal(("tool.called", "crm", "März ✓", 0.75), (events[0].Type, events[0].Source, events[0].Message, events[0].Salience));
        Assert.Equal(Struct.Parser.ParseJson("""{"args": [1, null]}"""), events[0].Payload);
        Assert.Equal("agent:teller", events[1].Source);
        Assert.Equal(2, (await agent.GetSessionAsync(new GetSessionRequest { Id = id })).Session.EventCount);
        Assert.Equal("2", (await platform.AuditOfAsync($"session/{id}", 2))[1].Metadata.Fields["last_sequence"].StringValue);
    }

    [Fact]
    public async Task Sixteen_writers_on_two_instances_leave_no_gap()
    {
        const int Writers = 16, Calls = 12;
        var agent = await As(Tokens.Agent("crowd"));
        await using var other = await platform.StartAnotherAsync("session");
        var neighbour = platform.Client<Client>(other.GrpcAddress, Tokens.Agent("crowd"));
        var id = await NewSessionAsync(agent);

        var answers = await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            var mine = new List<(long First, long Last, string Name)>();
            for (var i = 0; i < Calls; i++)
            {
                var name = $"{writer}-{i}";
                var request = new AppendEventsRequest { SessionId = id, Events = { Enumerable.Range(0, 1 + i % 3).Select(_ => new SessionEvent { Type = "step", Message = name }) } };
                var answer = await RetriedAsync(writer % 2 == 0 ? agent : neighbour, request, name);
                mine.Add((answer.FirstSequence, answer.LastSequence, name));
            }
            return mine;
        }));

        var events = await AllAsync(agent, id);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(e => e.Sequence));
        // Every call's events lie together where its answer says.
        foreach (var (first, last, name) in answers.SelectMany(a => a))
            Assert.All(events[((int)first - 1)..(int)last], e => Assert.Equal(name, e.Message));
        Assert.Equal(answers.Sum(a => a.Sum(x => x.Last - x.First + 1)), events.Count);
        Assert.Equal(events.Count, (await agent.GetSessionAsync(new GetSessionRequest { Id = id })).Session.EventCount);
    }

    [Fact]
    public async Task A_repeat_adds_nothing()
    {
        var agent = await As(Tokens.Agent("repeater"));
        var request = new AppendEventsRequest { SessionId = await NewSessionAsync(agent), Events = { new SessionEvent { Type = "once" } } };
        var first = await agent.AppendEventsAsync(request, new Metadata { { "idempotency-key", "once" } });
        Assert.Equal(first, await agent.AppendEventsAsync(request, new Metadata { { "idempotency-key", "once" } }));
        Assert.Single((await agent.ListEventsAsync(new ListEventsRequest { SessionId = request.SessionId })).Events);
    }

    [Fact]
    public async Task Pages_hold_every_event_once_in_both_directions_and_filter_by_type()
    {
        var agent = await As(Tokens.Agent("pager"));
        var id = await NewSessionAsync(agent);
        await agent.AppendEventsAsync(new AppendEventsRequest { SessionId = id, Events = { Enumerable.Range(1, 500).Select(i => new SessionEvent { Type = i % 5 == 0 ? "fifth" : "other" }) } });

        var forth = await AllAsync(agent, id, pageSize: 70);
        var back = await AllAsync(agent, id, pageSize: 70, newestFirst: true);
        Assert.Equal(500, forth.Count);
        Assert.Equal(forth.Select(e => e.Sequence), back.Select(e => e.Sequence).Reverse());
        Assert.Equal(100, (await AllAsync(agent, id, type: "fifth")).Count);

        var page = await agent.ListEventsAsync(new ListEventsRequest { SessionId = id, PageSize = 1 });
        await Refusal.ExpectFieldsAsync(async () => await agent.ListEventsAsync(new ListEventsRequest { SessionId = id, PageToken = page.NextPageToken, NewestFirst = true }), "page_token");
    }

    [Fact]
    public async Task Bad_events_are_refused_with_their_fields()
    {
        var agent = await As(Tokens.Agent("clumsy"));
        var id = await NewSessionAsync(agent);
        Task AddAsync(params SessionEvent[] events) => agent.AppendEventsAsync(new AppendEventsRequest { SessionId = id, Events = { events } }).ResponseAsync;

        await Refusal.ExpectFieldsAsync(() => AddAsync(), "events");
        await Refusal.ExpectFieldsAsync(() => AddAsync([.. Enumerable.Repeat(new SessionEvent { Type = "x" }, 501)]), "events");
        await Refusal.ExpectFieldsAsync(() => AddAsync(new SessionEvent { Type = "fine" }, new SessionEvent()), "events[1].type");
        await Refusal.ExpectFieldsAsync(() => AddAsync(new SessionEvent { Type = "Ünknown", Salience = 1.1, Message = "nul \0", Source = new string('s', 257) }),
            "events[0].type", "events[0].source", "events[0].message", "events[0].salience");
        await Refusal.ExpectFieldsAsync(() => AddAsync(new SessionEvent { Type = "x", Salience = double.NaN }), "events[0].salience");
        var large = new Struct { Fields = { ["text"] = Value.ForString(new string('x', 64 * 1024)) } };
        await Refusal.ExpectFieldsAsync(() => AddAsync(new SessionEvent { Type = "x", Payload = large }), "events[0].payload");
        await Refusal.ExpectFieldsAsync(async () => await agent.AppendEventsAsync(new AppendEventsRequest { SessionId = "no", Events = { new SessionEvent { Type = "x" } } }), "session_id");
        Assert.Empty(await AllAsync(agent, id));
    }

    [Fact]
    public async Task An_ended_session_takes_no_events_and_anothers_is_not_there()
    {
        var agent = await As(Tokens.Agent("owner"));
        var id = await NewSessionAsync(agent);
        var request = new AppendEventsRequest { SessionId = id, Events = { new SessionEvent { Type = "x" } } };
        var stranger = await As(Tokens.Agent("stranger"));
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", async () => await stranger.AppendEventsAsync(request));
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", async () => await stranger.ListEventsAsync(new ListEventsRequest { SessionId = id }));

        await agent.TransitionSessionAsync(new TransitionSessionRequest { Id = id, Status = SessionStatus.Cancelled });
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "SESSION_ENDED", async () => await agent.AppendEventsAsync(request));
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    // Sixteen agents' calls are more than the agents' connections; a refused one is sent again, under its key.
    private static async Task<AppendEventsResponse> RetriedAsync(Client client, AppendEventsRequest request, string key)
    {
        while (true)
        {
            try { return await client.AppendEventsAsync(request, new Metadata { { "idempotency-key", key } }); }
            catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted) { await Task.Delay(20); }
        }
    }

    private static async Task<string> NewSessionAsync(Client client) => (await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session.Id;

    private static async Task<List<SessionEvent>> AllAsync(Client client, string id, int pageSize = 500, string type = "", bool newestFirst = false)
    {
        var (events, token) = (new List<SessionEvent>(), "");
        do
        {
            var page = await client.ListEventsAsync(new ListEventsRequest { SessionId = id, PageSize = pageSize, PageToken = token, Type = type, NewestFirst = newestFirst });
            events.AddRange(page.Events);
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        return events;
    }
}
