using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class EventTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Events_read_back_as_they_were_appended_in_their_order()
    {
        var agent = await As("writer");
        var session = await agent.CreateAsync();
        var sent = new SessionEvent
        {
            Type = "tool.called",
            Source = "planner",
            Message = "Was kostet die Übernachtung?",
            Payload = Struct.Parser.ParseJson("""{"tool": "search", "arguments": [1, 2.5, null, {"deep": true}]}"""),
            Salience = 0.75,
        };

        Assert.Equal((1, 2), Range(await agent.AppendEventsAsync(new AppendEventsRequest { SessionId = session.Id, Events = { sent, SessionCalls.Event("second") } })));
        Assert.Equal((3, 3), Range(await agent.AppendAsync(session.Id)));

        var events = await agent.EventsAsync(new ListEventsRequest { SessionId = session.Id });
        Assert.Equal([1L, 2, 3], events.Select(e => e.Sequence));
        Assert.NotNull(events[0].CreateTime);
        (sent.Sequence, sent.CreateTime) = (1, events[0].CreateTime);
        Assert.Equal(sent, events[0]);
        var after = await agent.ReadAsync(session.Id);
        Assert.Equal((3L, session.Version), (after.LastSequence, after.Version));
    }

    [Fact]
    public async Task Many_writers_to_one_session_on_two_instances_leave_no_gap_and_keep_each_call_together()
    {
        const int Writers = 8, Calls = 25;
        var agent = await As("many");
        var session = await agent.CreateAsync();
        await using var other = await platform.StartAnotherAsync("session");
        var clients = new[] { agent, platform.Client<Client>(other.GrpcAddress, Tokens.Agent("many")) };

        var answers = await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            var mine = new List<(string Call, AppendEventsResponse Answer)>();
            for (var call = 0; call < Calls; call++)
            {
                var name = $"{writer}/{call}";
                var request = new AppendEventsRequest { SessionId = session.Id, Events = { Enumerable.Range(0, 1 + call % 3).Select(_ => SessionCalls.Event(name)) } };
                mine.Add((name, await clients[writer % 2].AppendEventsAsync(request)));
            }
            return mine;
        }));

        var events = await agent.EventsAsync(new ListEventsRequest { SessionId = session.Id, PageSize = 100 });
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(e => e.Sequence));
        Assert.Equal(events.Count, answers.SelectMany(a => a).Sum(a => a.Answer.LastSequence - a.Answer.FirstSequence + 1));
        foreach (var (call, answer) in answers.SelectMany(a => a))
            Assert.All(events[(int)(answer.FirstSequence - 1)..(int)answer.LastSequence], e => Assert.Equal(call, e.Message));
        // Each writer's own calls are in the order in which it made them.
        foreach (var own in answers)
            Assert.Equal(own.Select(a => a.Answer.FirstSequence).Order(), own.Select(a => a.Answer.FirstSequence));
    }

    [Fact]
    public async Task A_writer_that_is_rolled_back_leaves_no_gap()
    {
        var agent = await As("undone");
        var session = await agent.CreateAsync();
        await agent.AppendAsync(session.Id);
        await platform.SqlAsync<int>("ALTER TABLE session.outbox ADD CONSTRAINT nothing_more CHECK (false) NOT VALID");
        try { await Refusal.ExpectAsync(StatusCode.Internal, "INTERNAL", () => agent.AppendAsync(session.Id, 3)); }
        finally { await platform.SqlAsync<int>("ALTER TABLE session.outbox DROP CONSTRAINT nothing_more"); }

        Assert.Equal((2, 2), Range(await agent.AppendAsync(session.Id)));
        Assert.Equal([1L, 2], (await agent.EventsAsync(new ListEventsRequest { SessionId = session.Id })).Select(e => e.Sequence));
    }

    [Theory]
    [InlineData(EventOrder.Unspecified, 0)]
    [InlineData(EventOrder.OldestFirst, 4)]
    [InlineData(EventOrder.NewestFirst, 0)]
    [InlineData(EventOrder.NewestFirst, 4)]
    [InlineData(EventOrder.NewestFirst, 9)]
    [InlineData(EventOrder.OldestFirst, 9)]
    [InlineData(EventOrder.OldestFirst, 1_000)]
    public async Task A_list_shows_every_event_once_in_either_direction(EventOrder order, long after)
    {
        var agent = await As("lister");
        var session = await agent.CreateAsync();
        await agent.AppendAsync(session.Id, 9);
        // Of a neighbour, which must not show.
        await agent.AppendAsync((await agent.CreateAsync()).Id, 5);

        var seen = (await agent.EventsAsync(new ListEventsRequest { SessionId = session.Id, PageSize = 2, Order = order, AfterSequence = after })).Select(e => e.Sequence);
        var expected = Enumerable.Range(1, 9).Select(i => (long)i).Where(i => i > after);
        Assert.Equal(order is EventOrder.NewestFirst ? expected.Reverse() : expected, seen);
    }

    [Theory]
    [InlineData(EventOrder.OldestFirst)]
    [InlineData(EventOrder.NewestFirst)]
    public async Task Pages_of_large_events_are_small_enough_for_every_client(EventOrder order)
    {
        var agent = await As("large");
        var session = await agent.CreateAsync();
        var payload = new Struct { Fields = { ["text"] = Value.ForString(new string('x', 64 * 1024 - 20)) } };
        for (var i = 0; i < 4; i++)
            await agent.AppendEventsAsync(new AppendEventsRequest { SessionId = session.Id, Events = { Enumerable.Range(0, 30).Select(_ => new SessionEvent { Type = "large", Payload = payload }) } });

        var page = await agent.ListEventsAsync(new ListEventsRequest { SessionId = session.Id, PageSize = 500, Order = order });
        Assert.InRange(page.CalculateSize(), 2 * 1024 * 1024, 3 * 1024 * 1024);
        var all = await agent.EventsAsync(new ListEventsRequest { SessionId = session.Id, PageSize = 500, Order = order });
        Assert.Equal(120, all.Select(e => e.Sequence).Distinct().Count());
        Assert.Equal(120, all.Count);
    }

    [Fact]
    public async Task An_ended_session_takes_no_events()
    {
        var agent = await As("late");
        var session = await agent.CreateAsync();
        await agent.AppendAsync(session.Id);
        await agent.MoveAsync(session.Id, SessionStatus.Cancelled);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "SESSION_ENDED", () => agent.AppendAsync(session.Id));
        Assert.Single(await agent.EventsAsync(new ListEventsRequest { SessionId = session.Id }));
    }

    [Fact]
    public async Task A_full_session_takes_no_more_events()
    {
        var agent = await As("full");
        var session = await agent.CreateAsync();
        await platform.SqlAsync<int>("UPDATE session.sessions SET last_sequence = 249999 WHERE id = $1", Guid.Parse(session.Id));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "TOO_MANY_EVENTS", () => agent.AppendAsync(session.Id, 2));
        Assert.Equal((250_000, 250_000), Range(await agent.AppendAsync(session.Id)));
    }

    [Fact]
    public async Task Another_agents_events_are_as_if_they_were_not_there()
    {
        var owner = await As("owner");
        var session = await owner.CreateAsync();
        await owner.AppendAsync(session.Id);
        var thief = await As("thief");
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", () => thief.AppendAsync(session.Id));
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", () => thief.EventsAsync(new ListEventsRequest { SessionId = session.Id }));
        Assert.Equal(1, (await owner.ReadAsync(session.Id)).LastSequence);
    }

    [Fact]
    public async Task Every_wrong_field_is_named()
    {
        var agent = await As("sloppy");
        var id = (await agent.CreateAsync()).Id;
        await Refusal.ExpectFieldsAsync(() => agent.AppendAsync("42", 0), "session_id", "events");
        await Refusal.ExpectFieldsAsync(() => agent.AppendAsync(id, 501), "events");
        await Refusal.ExpectFieldsAsync(async () => await agent.AppendEventsAsync(new AppendEventsRequest
        {
            SessionId = id,
            Events =
            {
                SessionCalls.Event(),
                new SessionEvent
                {
                    Type = "Not A Type",
                    Source = new string('s', 129),
                    Message = new string('m', 16_001),
                    Payload = new Struct { Fields = { ["big"] = Value.ForString(new string('x', 64 * 1024)) } },
                    Salience = 1.5,
                },
            },
        }), "events[1].type", "events[1].source", "events[1].message", "events[1].payload", "events[1].salience");
        foreach (var salience in new[] { double.NaN, double.PositiveInfinity, -0.1 })
            await Refusal.ExpectFieldsAsync(async () => await agent.AppendEventsAsync(new AppendEventsRequest
            {
                SessionId = id,
                Events = { new SessionEvent { Type = "t", Salience = salience } },
            }), "events[0].salience");
        await Refusal.ExpectFieldsAsync(async () => await agent.ListEventsAsync(new ListEventsRequest { SessionId = id, AfterSequence = -1, Order = (EventOrder)9 }), "after_sequence", "order");
        await Refusal.ExpectFieldsAsync(async () => await agent.ListEventsAsync(new ListEventsRequest { SessionId = id, PageToken = "AAAA" }), "page_token");
        Assert.Empty(await agent.EventsAsync(new ListEventsRequest { SessionId = id }));
    }

    [Fact]
    public async Task A_call_is_one_audit_entry_and_two_round_trips()
    {
        var agent = await As("counted");
        var session = await agent.CreateAsync();
        using var counter = new RoundTripCounter();
        Assert.Equal(2, await counter.CountAsync(() => agent.AppendAsync(session.Id, 50)));
        var entries = await platform.AuditOfAsync($"session/{session.Id}", atLeast: 2);
        Assert.Equal(["session.create", "session.append_events"], entries.Select(e => e.Operation));
        Assert.Equal("50", entries[1].Metadata.Fields["last_sequence"].StringValue);
        // Of the call, though the group that it went with is of no call.
        Assert.All(entries, e => Assert.Matches("^[0-9a-f]{32}$", e.TraceId));
    }

    private Task<Client> As(string agent) => platform.ClientAsync<Client>(Tokens.Agent(agent));

    private static (long First, long Last) Range(AppendEventsResponse answer) => (answer.FirstSequence, answer.LastSequence);
}
