using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Tests.Sessions;
using Grpc.Core;
using Npgsql;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

/// <summary>Changes of different things that are committed together: each asks first, and what it finds decides what it writes.</summary>
public sealed class GroupChangeTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Changes_of_many_sessions_share_transactions_and_each_is_whole()
    {
        var (person, ids) = (await As("many"), await SessionsAsync("many", 80));
        var answers = await Task.WhenAll(ids.Select((id, i) => AppendAsync(person, id, $"m-{i}", $"many-{i}")));

        Assert.All(answers, a => Assert.Equal((1L, 1L), (a.FirstSequence, a.LastSequence)));
        Assert.Equal(ids.Select((_, i) => $"m-{i}"), await MessagesAsync(ids));
        Assert.InRange(await TransactionsAsync(ids), 1, 70);
        foreach (var id in ids)
            Assert.Single(await platform.AuditOfAsync($"session/{id}", 2), e => e.Operation == "session.append_events");
    }

    [Fact]
    public async Task What_several_append_in_one_statement_goes_to_each_in_its_own_order()
    {
        var (person, ids) = (await As("mixed"), await SessionsAsync("mixed", 60));
        await person.MoveAsync(ids[30], SessionStatus.Cancelled);
        // Of different lengths, and one session that takes none in their midst.
        var outcomes = await Task.WhenAll(ids.Select((id, i) => OutcomeAsync(async () =>
        {
            var request = new AppendEventsRequest { SessionId = id };
            request.Events.AddRange(Enumerable.Range(1, 1 + (i * 7 % 40)).Select(n => SessionCalls.Event($"{i}/{n}")));
            return await person.AppendEventsAsync(request);
        })));
        Assert.Equal(ids.Select((_, i) => i == 30 ? "SESSION_ENDED" : "OK"), outcomes);

        var found = await platform.SqlAsync<string>(
            "SELECT string_agg(sequence || ':' || message, ' ' ORDER BY sequence) FROM session.events WHERE session_id = ANY ($1) GROUP BY session_id ORDER BY array_position($1, session_id)",
            ids.Select(Guid.Parse).ToArray());
        Assert.Equal(Enumerable.Range(0, 60).Where(i => i != 30).Select(i => string.Join(' ', Enumerable.Range(1, 1 + (i * 7 % 40)).Select(n => $"{n}:{i}/{n}"))), found);
        // Events of several sessions that came with one statement.
        Assert.NotEmpty(await platform.SqlAsync<long>(
            "SELECT count(*) FROM session.events WHERE session_id = ANY ($1) GROUP BY xmin::text, cmin::text HAVING count(DISTINCT session_id) > 1", ids.Select(Guid.Parse).ToArray()));
    }

    [Fact]
    public async Task Appends_and_counts_of_the_same_sessions_do_not_hold_each_other_up()
    {
        var (person, ids) = (await As("both"), await SessionsAsync("both", 20));
        var calls = Enumerable.Range(0, 240).Select(async i =>
        {
            var id = ids[i * 13 % 20];
            if (i % 2 == 0)
                await AppendAsync(person, id, "m", $"both-{i}");
            else
                await CountAsync(person, id, null, $"both-{i}");
        });
        await Task.WhenAll(calls);
        Assert.Equal(120, await EventsAsync(ids));
        var contexts = await Task.WhenAll(ids.Select(async id => (await person.GetContextAsync(new GetContextRequest { SessionId = id })).Context));
        Assert.Equal(120, contexts.Sum(c => c.Counters.TryGetValue("n", out var n) ? n : 0));
        Assert.Equal(120, contexts.Sum(c => c.Counters["events"]));
    }

    [Fact]
    public async Task What_is_refused_leaves_the_others_alone()
    {
        var (person, ids) = (await As("refused"), await SessionsAsync("refused", 40));
        var ended = ids.Where((_, i) => i % 4 == 0).ToHashSet();
        foreach (var id in ended)
            await person.MoveAsync(id, SessionStatus.Cancelled);

        var outcomes = await Task.WhenAll(ids.Select(async id => (Id: id, Outcome: await OutcomeAsync(() => AppendAsync(person, id, "m", $"refused-{id}")))));
        Assert.All(outcomes, o => Assert.Equal(ended.Contains(o.Id) ? "SESSION_ENDED" : "OK", o.Outcome));
        Assert.Equal(30, await EventsAsync(ids));

        // The same where the refusal comes from what was found: somebody else's version.
        var open = ids.Where(id => !ended.Contains(id)).ToList();
        outcomes = await Task.WhenAll(open.Select(async (id, i) => (id, await OutcomeAsync(() => CountAsync(person, id, i % 3 == 0 ? 7 : 0, $"count-{id}")))));
        Assert.Equal(open.Select((_, i) => i % 3 == 0 ? "CONCURRENT_UPDATE" : "OK"), outcomes.Select(o => o.Outcome));
    }

    [Fact]
    public async Task A_row_that_somebody_holds_holds_up_only_those_who_need_it()
    {
        var (person, ids) = (await As("held"), await SessionsAsync("held", 30));
        await using var holder = new NpgsqlConnection(platform.AdminConnection + ";Pooling=false");
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("SELECT FROM session.sessions WHERE id = $1 FOR UPDATE", holder) { Parameters = { new NpgsqlParameter { Value = Guid.Parse(ids[0]) } } })
            await hold.ExecuteNonQueryAsync();

        var calls = ids.Select(id => AppendAsync(person, id, "m", $"held-{id}")).ToList();
        await Task.WhenAll(calls.Skip(1));
        Assert.False(calls[0].IsCompleted);
        await transaction.CommitAsync();
        Assert.Equal(1, (await calls[0]).LastSequence);
        Assert.Equal(30, await EventsAsync(ids));
    }

    [Fact]
    public async Task Many_calls_on_one_session_get_numbers_without_a_gap_and_counts_without_a_loss()
    {
        var (person, ids) = (await As("hot"), await SessionsAsync("hot", 2));
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => AppendAsync(person, ids[i % 2], $"m-{i}", $"hot-{i}")));
        Assert.Equal(Enumerable.Range(1, 30).SelectMany(n => new[] { (long)n, n }), answers.Select(a => a.LastSequence).Order());
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => CountAsync(person, ids[i % 2], null, $"hot-count-{i}")));
        foreach (var id in ids)
            Assert.Equal((30L, 30L, 30L), (await person.GetContextAsync(new GetContextRequest { SessionId = id })).Context is var c ? (c.Counters["n"], c.Counters["events"], c.Version) : default);
    }

    [Fact]
    public async Task Twins_have_one_effect_and_a_repeat_that_only_the_table_remembers_gets_its_answer()
    {
        var (person, ids) = (await As("twins"), await SessionsAsync("twins", 10));
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            while (true)
            {
                try { return (Id: ids[i % 10], (await AppendAsync(person, ids[i % 10], "m", $"twin-{i % 10}")).LastSequence); }
                // By the rule: the first one was still under way.
                catch (RpcException e) when (Refusal.From(e).Reason == "IDEMPOTENCY_IN_FLIGHT") { }
            }
        }));
        Assert.All(answers, a => Assert.Equal(1, a.LastSequence));
        Assert.Equal(10, await EventsAsync(ids));

        // Another instance, which has never seen the key, after the session has ended.
        await person.MoveAsync(ids[0], SessionStatus.Cancelled);
        await using var another = await platform.StartAnotherAsync("session");
        var other = platform.Client<Client>(another.GrpcAddress, Tokens.Operator("twins"));
        Assert.Equal(1, (await AppendAsync(other, ids[0], "m", "twin-0")).LastSequence);
        Assert.Equal(10, await EventsAsync(ids));
    }

    [Fact]
    public async Task A_repeat_among_others_leaves_each_of_them_one_audit_entry()
    {
        var (person, ids) = (await As("repeats"), await SessionsAsync("repeats", 12));
        await using var another = await platform.StartAnotherAsync("session");
        await AppendAsync(platform.Client<Client>(another.GrpcAddress, Tokens.Operator("repeats")), ids[11], "m", "repeat-11");
        await platform.SqlAsync<int>("ALTER TABLE session.events ADD CONSTRAINT slowly CHECK (message <> 'slow' OR pg_sleep(2)::text IS NOT NULL)");

        // While the first one is on its way, the others collect, one of which this instance cannot know to be a repeat.
        var slow = AppendAsync(person, ids[0], "slow", "slow");
        await Eventually.TrueAsync(async () => (await platform.SqlAsync<long>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"))[0] > 0, "the first one is on its way");
        var answers = await Task.WhenAll(ids.Skip(1).Select((id, i) => AppendAsync(person, id, "m", $"repeat-{i + 1}")));
        await slow;
        await platform.SqlAsync<int>("ALTER TABLE session.events DROP CONSTRAINT slowly");

        Assert.All(answers, a => Assert.Equal(1, a.LastSequence));
        Assert.Equal(12, await EventsAsync(ids));
        await Eventually.TrueAsync(async () => (await platform.SqlAsync<long>("SELECT count(*) FROM session.outbox"))[0] == 0, "the audit log has all");
        foreach (var id in ids)
            Assert.Single(await platform.AuditOfAsync($"session/{id}", 2), e => e.Operation == "session.append_events");
    }

    private Task<Client> As(string name) => platform.ClientAsync<Client>(Tokens.Operator(name));

    private async Task<List<string>> SessionsAsync(string name, int count)
    {
        var person = await As(name);
        return [.. (await Task.WhenAll(Enumerable.Range(0, count).Select(_ => person.CreateAsync()))).Select(s => s.Id)];
    }

    private static async Task<AppendEventsResponse> AppendAsync(Client client, string id, string message, string key) =>
        await client.AppendEventsAsync(new AppendEventsRequest { SessionId = id, Events = { SessionCalls.Event(message) } }, new Metadata { { IdempotencyInterceptor.KeyHeader, key } });

    private static async Task<UpdateContextResponse> CountAsync(Client client, string id, long? expectedVersion, string key)
    {
        var request = new UpdateContextRequest { SessionId = id, Increments = { ["n"] = 1 } };
        if (expectedVersion is { } version)
            request.ExpectedVersion = version;
        return await client.UpdateContextAsync(request, new Metadata { { IdempotencyInterceptor.KeyHeader, key } });
    }

    private static async Task<string> OutcomeAsync<T>(Func<Task<T>> call)
    {
        try
        {
            await call();
            return "OK";
        }
        catch (RpcException e) { return Refusal.From(e).Reason; }
    }

    private async Task<long> EventsAsync(List<string> ids) =>
        (await platform.SqlAsync<long>("SELECT count(*) FROM session.events WHERE session_id = ANY ($1)", ids.Select(Guid.Parse).ToArray()))[0];

    private Task<List<string>> MessagesAsync(List<string> ids) => platform.SqlAsync<string>(
        "SELECT message FROM session.events WHERE session_id = ANY ($1) ORDER BY array_position($1, session_id)", ids.Select(Guid.Parse).ToArray());

    // A row tells by xmin which transaction it came with.
    private async Task<int> TransactionsAsync(List<string> ids) =>
        (await platform.SqlAsync<long>("SELECT DISTINCT xmin::text::bigint FROM session.events WHERE session_id = ANY ($1)", ids.Select(Guid.Parse).ToArray())).Count;
}
