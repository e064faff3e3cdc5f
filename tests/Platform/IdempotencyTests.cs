using System.Globalization;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

public sealed class IdempotencyTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task The_same_key_and_request_get_the_stored_answer_and_have_one_effect()
    {
        var client = await As("same");
        var (first, firstReplayed) = await CreateAsync(client, "key-1");
        var (second, secondReplayed) = await CreateAsync(client, "key-1");

        Assert.Equal(first, second);
        Assert.Equal((false, true), (firstReplayed, secondReplayed));
        Assert.Equal(1, await CountAsync(client));
        Assert.Single(await platform.AuditOfAsync($"session/{first.Id}"));
    }

    [Fact]
    public async Task The_same_key_with_another_request_is_refused()
    {
        var client = await As("other-request");
        await CreateAsync(client, "key-1");
        await Refusal.ExpectAsync(StatusCode.InvalidArgument, "IDEMPOTENCY_KEY_REUSED", () => CreateAsync(client, "key-1", role: "legal"));
        Assert.Equal(1, await CountAsync(client));
    }

    [Fact]
    public async Task The_same_key_of_another_caller_is_another_key()
    {
        var (mine, _) = await CreateAsync(await As("caller-a"), "shared");
        var (theirs, replayed) = await CreateAsync(await As("caller-b"), "shared");
        Assert.NotEqual(mine.Id, theirs.Id);
        Assert.False(replayed);
    }

    [Fact]
    public async Task A_call_that_failed_stores_nothing_and_the_key_is_free_again()
    {
        var client = await As("failing");
        var (session, _) = await CreateAsync(client, "create");
        var step = new TransitionSessionRequest { Id = session.Id, Status = SessionStatus.Completed };
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", async () => await client.TransitionSessionAsync(step, Key("step")));

        step.Status = SessionStatus.Active;
        Assert.Equal(SessionStatus.Active, (await client.TransitionSessionAsync(step, Key("step"))).Session.Status);
    }

    [Fact]
    public async Task A_repeat_is_answered_as_at_first_although_the_world_has_moved_on()
    {
        var client = await As("repeater");
        var (session, _) = await CreateAsync(client, "create");
        var step = new TransitionSessionRequest { Id = session.Id, Status = SessionStatus.Active, Version = 1 };
        var first = await client.TransitionSessionAsync(step, Key("start"));
        await client.TransitionSessionAsync(new TransitionSessionRequest { Id = session.Id, Status = SessionStatus.Completed });

        Assert.Equal(first, await client.TransitionSessionAsync(step, Key("start")));
    }

    [Fact]
    public async Task Fifty_calls_at_once_on_two_instances_have_one_effect_and_equal_answers()
    {
        var one = await As("fifty");
        await using var other = await platform.StartAnotherAsync("session");
        var two = platform.Client<Client>(other.GrpcAddress, Tokens.Agent("fifty"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            while (true)
            {
                try { return (await CreateAsync(i % 2 == 0 ? one : two, "all-at-once")).Session; }
                catch (RpcException e) when (Refusal.From(e).Reason == "IDEMPOTENCY_IN_FLIGHT") { }
            }
        }));

        Assert.Single(answers.Distinct());
        Assert.Equal(1, await CountAsync(one));
    }

    [Fact]
    public async Task Maps_in_another_order_are_the_same_request()
    {
        var client = await As("shuffler");
        CreateSessionRequest Request(params string[] names)
        {
            var request = new CreateSessionRequest { Role = "finance", Metadata = new Struct() };
            foreach (var name in names)
                request.Metadata.Fields[name] = Value.ForString(name);
            return request;
        }
        var (forth, back) = (Request("a", "b", "c"), Request("c", "b", "a"));
        Assert.NotEqual(forth.ToByteArray(), back.ToByteArray());

        Assert.Equal(await client.CreateSessionAsync(forth, Key("order")), await client.CreateSessionAsync(back, Key("order")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("tab\there")]
    [InlineData("256")]
    public async Task A_key_that_is_empty_too_long_or_unprintable_is_refused(string key)
    {
        var client = await As("bad-key");
        await Refusal.ExpectAsync(StatusCode.InvalidArgument, "IDEMPOTENCY_KEY_INVALID", () => CreateAsync(client, key == "256" ? new string('k', 256) : key));
        Assert.Equal(0, await CountAsync(client));
    }

    [Fact]
    public async Task After_its_time_a_key_is_new_again()
    {
        var client = await As("patient");
        var (first, _) = await CreateAsync(client, "daily");
        platform.Clock.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));
        // The token would have expired as well; the clock of its check is the machine's own.
        var (second, replayed) = await CreateAsync(client, "daily");
        Assert.NotEqual(first.Id, second.Id);
        Assert.False(replayed);
        Assert.Equal(second, (await CreateAsync(client, "daily")).Session);
    }

    [Fact]
    public async Task A_call_whose_key_is_held_by_another_transaction_is_told_to_try_again()
    {
        var client = await As("held");
        var (session, _) = await CreateAsync(client, "create");
        var step = new TransitionSessionRequest { Id = session.Id, Status = SessionStatus.Active };
        // Not pooled: a pool would keep the lock when the connection is closed.
        await using var holder = new NpgsqlConnection(platform.AdminConnection + ";Pooling=false");
        await holder.OpenAsync();
        var call = new IdempotentCall("agent:held", "/agentplatform.session.v1.SessionService/TransitionSession", "busy", []);
        await using (var take = new NpgsqlCommand("SELECT pg_advisory_lock($1)", holder) { Parameters = { new() { Value = call.Lock } } })
            await take.ExecuteNonQueryAsync();

        await Refusal.ExpectAsync(StatusCode.Aborted, "IDEMPOTENCY_IN_FLIGHT", async () => await client.TransitionSessionAsync(step, Key("busy")));
        await holder.CloseAsync();
        Assert.Equal(2, (await client.TransitionSessionAsync(step, Key("busy"))).Session.Version);
    }

    [Fact]
    public async Task A_call_that_meets_its_twin_at_the_commit_waits_and_gets_the_twins_answer()
    {
        var client = await As("twin");
        var request = new CreateSessionRequest { Role = "finance" };
        var answer = new CreateSessionResponse { Session = new Session { Id = Guid.CreateVersion7().ToString(), Role = "finance" } };
        await using var twin = new NpgsqlConnection(platform.AdminConnection);
        await twin.OpenAsync();
        await using var transaction = await twin.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("INSERT INTO session.idempotency VALUES ($1, $2, $3, $4, $5, $6)", twin, transaction)
        {
            Parameters =
            {
                new() { Value = "agent:twin" }, new() { Value = "/agentplatform.session.v1.SessionService/CreateSession" }, new() { Value = "twins" },
                new() { Value = IdempotentCall.FingerprintOf(request) }, new() { Value = answer.ToByteArray() },
                // By the class's clock: another test may have moved it a day ahead.
                new() { Value = platform.Clock.GetUtcNow() },
            },
        })
            await insert.ExecuteNonQueryAsync();

        using var call = client.CreateSessionAsync(request, Key("twins"));
        await Eventually.TrueAsync(async () => (await platform.SqlAsync<long>("SELECT count(*) FROM pg_locks WHERE NOT granted"))[0] > 0, "the call waits for the row");
        await transaction.CommitAsync();

        Assert.Equal(answer, await call);
        Assert.Equal("true", call.GetTrailers().GetValue("idempotency-replayed"));
        Assert.Equal(0, await CountAsync(client));
    }

    [Fact]
    public async Task A_repeat_at_an_instance_that_has_not_seen_the_key_gets_the_answer_and_harms_nobody()
    {
        var client = await As("elsewhere");
        await using var another = await platform.StartAnotherAsync("session");
        var other = platform.Client<Client>(another.GrpcAddress, Tokens.Agent("elsewhere"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => CreateAsync(client, $"key-{i}")));
        // In one group with calls that are new.
        var repeats = Enumerable.Range(0, 20).Select(i => CreateAsync(other, $"key-{i}")).ToList();
        var fresh = Enumerable.Range(0, 20).Select(i => CreateAsync(other, $"new-{i}")).ToList();

        Assert.Equal(answers.Select(a => (a.Session, true)), await Task.WhenAll(repeats));
        Assert.All(await Task.WhenAll(fresh), f => Assert.False(f.Replayed));
        Assert.Equal(40, await CountAsync(client));
        Assert.Equal(answers[0].Session, (await CreateAsync(other, "key-0")).Session);
    }

    [Fact]
    public async Task A_client_that_says_it_tries_again_gets_the_answer_at_once()
    {
        var client = await As("again");
        await using var another = await platform.StartAnotherAsync("session");
        var other = platform.Client<Client>(another.GrpcAddress, Tokens.Agent("again"));
        var step = new TransitionSessionRequest { Id = (await CreateAsync(client, "create")).Session.Id, Status = SessionStatus.Active };
        var answer = await client.TransitionSessionAsync(step, Key("step"));
        using var counter = new RoundTripCounter();
        var again = Key("step");
        again.Add("grpc-previous-rpc-attempts", "1");
        Assert.Equal(1, await counter.CountAsync(async () => Assert.Equal(answer, await other.TransitionSessionAsync(step, again))));
    }

    [Fact]
    public async Task A_change_takes_as_few_round_trips_as_it_can()
    {
        var client = await As("counted");
        using var counter = new RoundTripCounter();
        Assert.Equal(1, await counter.CountAsync(() => CreateAsync(client, "counted")));
        Assert.Equal(1, await counter.CountAsync(async () => await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })));
        var session = (await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session;
        // Reads the session, moves it, commits.
        var step = new TransitionSessionRequest { Id = session.Id, Status = SessionStatus.Active };
        Assert.Equal(3, await counter.CountAsync(async () => await client.TransitionSessionAsync(step, Key("step"))));
        // A repeat looks for its answer.
        Assert.Equal(1, await counter.CountAsync(async () => await client.TransitionSessionAsync(step, Key("step"))));
    }

    [Fact]
    public async Task Answers_from_before_the_time_that_a_call_names_do_not_count_and_give_way_to_the_next()
    {
        var client = await As("since");
        var (first, _) = await CreateAsync(client, "again");
        platform.Clock.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal((first, true), await CreateAsync(client, "again", since: Ago(10)));
        await Refusal.ExpectAsync(StatusCode.InvalidArgument, "IDEMPOTENCY_KEY_REUSED", () => CreateAsync(client, "again", role: "legal", since: Ago(10)));

        platform.Clock.Advance(TimeSpan.FromMinutes(2));
        var (second, replayed) = await CreateAsync(client, "again", since: Ago(10));
        Assert.NotEqual(first, second);
        Assert.False(replayed);
        Assert.Equal((second, true), await CreateAsync(client, "again", since: Ago(10)));
        // Nor for others: there is one answer under a key.
        Assert.Equal((second, true), await CreateAsync(client, "again"));
        Assert.Equal(2, await CountAsync(client));
    }

    [Fact]
    public async Task Nor_do_they_count_for_a_change_that_asks_first()
    {
        var client = await As("since-asked");
        var (session, _) = await CreateAsync(client, "create");
        var append = new AppendEventsRequest { SessionId = session.Id, Events = { new SessionEvent { Type = "note", Source = "test", Message = "again" } } };
        var step = new TransitionSessionRequest { Id = session.Id, Status = SessionStatus.Active };
        Assert.Equal(1, (await client.AppendEventsAsync(append, Key("append", Ago(10)))).LastSequence);
        var moved = await client.TransitionSessionAsync(step, Key("step", Ago(10)));

        platform.Clock.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(1, (await client.AppendEventsAsync(append, Key("append", Ago(10)))).LastSequence);
        Assert.Equal(moved, await client.TransitionSessionAsync(step, Key("step", Ago(10))));

        platform.Clock.Advance(TimeSpan.FromMinutes(2));
        var again = await client.AppendEventsAsync(append, Key("append", Ago(10)));
        Assert.True(again.LastSequence > moved.Session.LastSequence);
        Assert.Equal(again, await client.AppendEventsAsync(append, Key("append", Ago(10))));
        // It has been there before, and is judged anew.
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", async () => await client.TransitionSessionAsync(step, Key("step", Ago(10))));
    }

    [Fact]
    public async Task Calls_at_once_that_find_an_answer_too_old_have_one_effect()
    {
        var client = await As("since-at-once");
        var (old, _) = await CreateAsync(client, "again");
        platform.Clock.Advance(TimeSpan.FromMinutes(11));
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            while (true)
            {
                try { return (await CreateAsync(client, "again", since: Ago(10))).Session; }
                catch (RpcException e) when (Refusal.From(e).Reason == "IDEMPOTENCY_IN_FLIGHT") { }
            }
        }));
        Assert.NotEqual(old, Assert.Single(answers.Distinct()));
        Assert.Equal(2, await CountAsync(client));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("soon")]
    [InlineData("253402300800000")]
    [InlineData("99999999999999999999")]
    public async Task A_time_that_is_none_is_refused(string since) =>
        await Refusal.ExpectAsync(StatusCode.InvalidArgument, "IDEMPOTENCY_KEY_INVALID", async () => await CreateAsync(await As("bad-since"), "key", since: since));

    private string Ago(int minutes) => (platform.Clock.GetUtcNow() - TimeSpan.FromMinutes(minutes)).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    private Task<Client> As(string agent) => platform.ClientAsync<Client>(Tokens.Agent(agent));

    private static Metadata Key(string key, string? since = null)
    {
        var metadata = new Metadata { { "idempotency-key", key } };
        if (since is not null)
            metadata.Add("idempotency-key-since", since);
        return metadata;
    }

    private static async Task<(Session Session, bool Replayed)> CreateAsync(Client client, string key, string role = "finance", string? since = null)
    {
        using var call = client.CreateSessionAsync(new CreateSessionRequest { Role = role }, Key(key, since));
        var answer = await call;
        return (answer.Session, call.GetTrailers().GetValue("idempotency-replayed") == "true");
    }

    private static async Task<int> CountAsync(Client client) => (await client.ListSessionsAsync(new ListSessionsRequest())).Sessions.Count;
}
