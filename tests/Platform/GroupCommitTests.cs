using System.Diagnostics.Metrics;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

/// <summary>Calls that are committed together, and what happens to a group that cannot be.</summary>
public sealed class GroupCommitTests : IClassFixture<Platform>
{
    private const int UiConnections = 12;
    private readonly Platform _platform;

    public GroupCommitTests(Platform platform)
    {
        _platform = platform;
        // Longer than a test holds the outbox.
        platform.Settings["session"] = new() { ["Pool:Wait"] = "00:00:20" };
    }

    [Fact]
    public async Task Many_calls_share_a_transaction_and_each_has_its_own_effect_answer_and_audit_entry()
    {
        var person = await As(Tokens.Operator("grouped"));
        var calls = Enumerable.Range(0, 100).Select(i => CreateAsync(person, $"task-{i}", $"group-{i}"));
        var sessions = (await Task.WhenAll(calls)).Select(c => c.Session).ToList();

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"task-{i}"), sessions.Select(s => s.Task));
        foreach (var session in sessions)
            Assert.Equal(session, (await person.GetSessionAsync(new GetSessionRequest { Id = session.Id })).Session);
        // A row tells by xmin which transaction it came with.
        var transactions = (await _platform.SqlAsync<long>("SELECT DISTINCT xmin::text::bigint FROM session.sessions WHERE task LIKE 'task-%'")).Count;
        Assert.InRange(transactions, 2, 80);
        // And by cmin with which statement: those of a transaction came with one.
        var statements = (await _platform.SqlAsync<string>("SELECT DISTINCT xmin::text || '/' || cmin::text FROM session.sessions WHERE task LIKE 'task-%'")).Count;
        Assert.Equal(transactions, statements);
        foreach (var session in sessions)
            Assert.Single(await _platform.AuditOfAsync($"session/{session.Id}"));
        Assert.Equal(sessions[7], (await CreateAsync(person, "task-7", "group-7")).Session);
    }

    [Fact]
    public async Task Twins_in_a_group_have_one_effect_and_harm_nobody_else()
    {
        var person = await As(Tokens.Operator("twins"));
        await OutboxIsEmptyAsync();
        List<Task<CreateSessionResponse>> twins, others;
        await using (await HoldOutboxAsync())
        {
            others = [.. Enumerable.Range(0, 20).Select(i => CreateAsync(person, $"other-{i}", $"other-{i}"))];
            twins = [.. Enumerable.Range(0, 20).Select(_ => CreateAsync(person, "twin", "twin"))];
            await AllAreThereAsync("session/ui", 2);
        }
        Assert.Single((await Task.WhenAll(twins)).Select(t => t.Session.Id).Distinct());
        Assert.Equal(20, (await Task.WhenAll(others)).Select(t => t.Session.Id).Distinct().Count());
        Assert.Equal(1, (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE task = 'twin'"))[0]);
        Assert.Equal(20, (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE task LIKE 'other-%'"))[0]);
    }

    [Fact]
    public async Task What_one_call_breaks_it_breaks_alone()
    {
        var person = await As(Tokens.Operator("poisoned"));
        await _platform.SqlAsync<int>("ALTER TABLE session.sessions ADD CONSTRAINT no_poison CHECK (task <> 'poison')");
        await OutboxIsEmptyAsync();
        List<Task<CreateSessionResponse>> good;
        Task<CreateSessionResponse> bad;
        var host = (ServiceHost<AgentPlatform.Sessions.SessionStore>)await _platform.StartAsync("session");
        using var metrics = new MetricBook(host.Services.GetRequiredService<IMeterFactory>(), "agentplatform.groups.");
        await using (await HoldOutboxAsync())
        {
            good = [.. Enumerable.Range(0, 10).Select(i => CreateAsync(person, $"good-{i}", $"before-{i}"))];
            bad = CreateAsync(person, "poison", "poison");
            good.AddRange(Enumerable.Range(10, 10).Select(i => CreateAsync(person, $"good-{i}", $"after-{i}")));
            await AllAreThereAsync("session/ui", 2);
        }
        await Refusal.ExpectAsync(StatusCode.Internal, "INTERNAL", () => bad);
        Assert.Equal(20, (await Task.WhenAll(good)).Length);
        // By the locks for which the first ones waited too long, or by the poison: that is chance.
        Assert.All(metrics.Read().Keys, name => Assert.Matches("^agentplatform.groups.refused commit (55P03|23514)$", name));
        Assert.NotEmpty(metrics.Read());
        await _platform.SqlAsync<int>("ALTER TABLE session.sessions DROP CONSTRAINT no_poison");
        // It has left nothing: its key is free.
        Assert.Equal("poison", (await CreateAsync(person, "poison", "poison")).Session.Task);
    }

    [Fact]
    public async Task When_the_connections_break_a_repeat_with_the_key_settles_it_and_who_still_waited_is_served()
    {
        var person = await As(Tokens.Operator("broken"));
        await OutboxIsEmptyAsync();
        List<Task<CreateSessionResponse>> calls;
        await using (await HoldOutboxAsync())
        {
            calls = [.. Enumerable.Range(0, 60).Select(i => CreateAsync(person, $"broken-{i}", $"broken-{i}"))];
            await AllAreThereAsync("session/ui", 2);
            await _platform.SqlAsync<bool>("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'session/ui' AND datname = current_database() AND wait_event_type = 'Lock'");
        }
        var outcomes = await Task.WhenAll(calls.Select(async c =>
        {
            try { return (await c).Session.Task; }
            catch (RpcException e) { return e.StatusCode.ToString(); }
        }));
        Assert.Contains("Unavailable", outcomes);
        Assert.All(outcomes, o => Assert.True(o is "Unavailable" || o.StartsWith("broken-", StringComparison.Ordinal), o));
        for (var i = 0; i < calls.Count; i++)
            Assert.Equal($"broken-{i}", (await CreateAsync(person, $"broken-{i}", $"broken-{i}")).Session.Task);
        Assert.Equal(60, (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE task LIKE 'broken-%'"))[0]);
    }

    [Fact]
    public async Task Agents_share_a_transaction_and_its_connection_tells_of_them()
    {
        var agents = await AgentsAsync("shared");
        await Task.WhenAll(Enumerable.Range(0, 48).Select(i => CreateAsync(agents[i % agents.Count], "shared", $"shared-{i}")));

        var mixed = await _platform.SqlAsync<long>(
            "SELECT count(*) FROM (SELECT FROM session.sessions WHERE task = 'shared' GROUP BY xmin::text HAVING count(DISTINCT agent_id) > 1) AS m");
        Assert.InRange(mixed[0], 1, 48);
        // A connection keeps its tag until it has other work, which may be a call that went alone.
        for (var round = 0; (await _platform.SqlAsync<long>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ '^session/agent/shared-[0-3] [+][1-3]$'"))[0] == 0; round++)
        {
            Assert.InRange(round, 0, 100);
            await Task.WhenAll(Enumerable.Range(0, 48).Select(i => CreateAsync(agents[i % agents.Count], "seen together", $"together-{round}-{i}")));
        }
        foreach (var agent in Enumerable.Range(0, 4))
            Assert.Equal(12, (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE task = 'shared' AND agent_id = $1", $"shared-{agent}"))[0]);
    }

    [Fact]
    public async Task An_agent_that_broke_a_group_shares_none_for_a_while()
    {
        var agents = await AgentsAsync("trusted");
        await _platform.SqlAsync<int>("ALTER TABLE session.sessions ADD CONSTRAINT no_breach CHECK (task <> 'breach')");
        await Refusal.ExpectAsync(StatusCode.Internal, "INTERNAL", () => CreateAsync(agents[0], "breach", "breach"));

        // Which of them share is chance; that the others do shows that the first one could have.
        Assert.DoesNotContain("trusted-0", await SharingAsync("apart", until: "trusted-1"));
        _platform.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Contains("trusted-0", await SharingAsync("together", until: "trusted-0"));
        await _platform.SqlAsync<int>("ALTER TABLE session.sessions DROP CONSTRAINT no_breach");

        // Who was in one transaction with others, in as many rounds as it takes until this one was.
        async Task<HashSet<string>> SharingAsync(string task, string until)
        {
            for (var round = 0; ; round++)
            {
                await Task.WhenAll(Enumerable.Range(0, 96).Select(i => CreateAsync(agents[i % agents.Count], task, $"{task}-{round}-{i}")));
                var groups = await _platform.SqlAsync<string[]>("SELECT array_agg(DISTINCT agent_id) FROM session.sessions WHERE task = $1 GROUP BY xmin::text", task);
                var sharing = groups.Where(g => g.Length > 1).SelectMany(g => g).ToHashSet();
                if (sharing.Contains(until) || round == 50)
                    return sharing;
            }
        }
    }

    [Fact]
    public async Task An_agent_that_waits_holds_a_connection_under_its_own_name()
    {
        var agents = await AgentsAsync("seen");
        await OutboxIsEmptyAsync();
        List<Task<CreateSessionResponse>> calls;
        await using (await HoldOutboxAsync())
        {
            calls = [.. Enumerable.Range(0, 24).Select(i => CreateAsync(agents[i % agents.Count], "seen", $"seen-{i}"))];
            await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("""
                SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database()
                   AND application_name ~ '^session/agent/seen-[0-3]$' AND NOT granted AND waitstart < clock_timestamp() - interval '300 ms'
                """))[0] >= 2, "agents wait, each alone");
        }
        Assert.Equal(24, (await Task.WhenAll(calls)).Select(c => c.Session.Id).Distinct().Count());
    }

    [Fact]
    public async Task Too_many_are_told_to_come_back()
    {
        var person = await As(Tokens.Operator("crowd"));
        await OutboxIsEmptyAsync();
        List<Task<CreateSessionResponse>> calls;
        await using (await HoldOutboxAsync())
        {
            calls = [.. Enumerable.Range(0, (UiConnections * 32) + 300).Select(i => CreateAsync(person, "crowd", $"crowd-{i}"))];
            await Eventually.TrueAsync(() => Task.FromResult(calls.Any(c => c.IsFaulted)), "some are refused");
        }
        var outcomes = await Task.WhenAll(calls.Select(async c =>
        {
            try { return (await c).Session.Task; }
            catch (RpcException e) { return Refusal.From(e).Reason; }
        }));
        Assert.All(outcomes, o => Assert.True(o is "crowd" or "POOL_EXHAUSTED", o));
        Assert.Equal(outcomes.Count(o => o == "crowd"), (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE task = 'crowd'"))[0]);
    }

    [Fact]
    public async Task Who_leaves_before_his_turn_has_had_no_effect()
    {
        var person = await As(Tokens.Operator("leaver"));
        await OutboxIsEmptyAsync();
        using var leaving = new CancellationTokenSource();
        List<Task<CreateSessionResponse>> calls = [];
        await using (await HoldOutboxAsync())
        {
            // Until every connection hangs, for longer than a group does; the next call can only wait.
            await Eventually.TrueAsync(async () =>
            {
                if (calls.Count < 4 * UiConnections)
                    calls.Add(CreateAsync(person, "stayed", $"stayed-{calls.Count}"));
                return await HangingAloneAsync("session/ui") == UiConnections;
            }, "every connection hangs");
            var left = person.CreateSessionAsync(new CreateSessionRequest { Role = "grouped", Task = "left" }, cancellationToken: leaving.Token).ResponseAsync;
            // Answers come in the order of the calls on a connection, so the service has seen both once it has refused this.
            await Refusal.ExpectFieldsAsync(async () => await person.GetSessionAsync(new GetSessionRequest { Id = "x" }), "id");
            await leaving.CancelAsync();
            Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => left)).StatusCode);
            await Refusal.ExpectFieldsAsync(async () => await person.GetSessionAsync(new GetSessionRequest { Id = "x" }), "id");
        }
        await Task.WhenAll(calls);
        // One more after all of them, on the way that it would have gone.
        await CreateAsync(person, "last", "last");
        Assert.Equal(0, (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE task = 'left'"))[0]);
        Assert.Equal(calls.Count, (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE task = 'stayed'"))[0]);
    }

    [Fact]
    public async Task Who_leaves_the_line_leaves_nobody_behind_him_in_it()
    {
        var person = await As(Tokens.Operator("lined-up"));
        var slow = (await CreateAsync(person, "slow", "slow-line")).Session.Id;
        var shared = (await CreateAsync(person, "shared line", "shared-line")).Session.Id;
        await _platform.SqlAsync<int>("ALTER TABLE session.events ADD CONSTRAINT slowly CHECK (message <> 'slow' OR pg_sleep(2)::text IS NOT NULL)");
        var (hasLeft, events) = (false, 0L);
        // He must leave before another group goes beside the one that is held up, which on a busy machine may be sooner.
        for (var round = 0; !hasLeft; round++)
        {
            Assert.InRange(round, 0, 20);
            using var leaving = new CancellationTokenSource();
            // While this is on its way, two wait whose changes are of one session, so that only one of them can be in the next group.
            var first = AppendAsync(person, slow, "slow", default);
            await SleepingAsync();
            var left = AppendAsync(person, shared, "left", leaving.Token);
            await Refusal.ExpectFieldsAsync(async () => await person.GetSessionAsync(new GetSessionRequest { Id = "x" }), "id");
            var stayed = AppendAsync(person, shared, "stayed", default);
            await Refusal.ExpectFieldsAsync(async () => await person.GetSessionAsync(new GetSessionRequest { Id = "x" }), "id");
            await leaving.CancelAsync();
            var refusal = await Record.ExceptionAsync(() => left);

            await first;
            var last = (await stayed).LastSequence;
            Assert.InRange(last - events, 1, 2);
            hasLeft = refusal is RpcException && last == events + 1;
            events = last;
        }
        await _platform.SqlAsync<int>("ALTER TABLE session.events DROP CONSTRAINT slowly");
    }

    [Fact]
    public async Task What_nobody_foresaw_of_one_call_is_its_own_trouble_alone()
    {
        var person = await As(Tokens.Operator("unforeseen"));
        var slow = (await CreateAsync(person, "slow", "slow-unforeseen")).Session.Id;
        var sessions = (await Task.WhenAll(Enumerable.Range(0, 11).Select(i => CreateAsync(person, $"unforeseen-{i}", $"unforeseen-{i}")))).Select(c => c.Session.Id).ToList();
        await _platform.SqlAsync<int>("ALTER TABLE session.sessions DROP CONSTRAINT sessions_status_known");
        await _platform.SqlAsync<int>("UPDATE session.sessions SET status = 'unheard of' WHERE id = $1", Guid.Parse(sessions[5]));
        await _platform.SqlAsync<int>("ALTER TABLE session.events ADD CONSTRAINT slowly CHECK (message <> 'slow' OR pg_sleep(2)::text IS NOT NULL)");

        var first = AppendAsync(person, slow, "slow", default);
        await SleepingAsync();
        var updates = sessions.ConvertAll(id => person.UpdateContextAsync(new UpdateContextRequest { SessionId = id, Increments = { ["n"] = 1 } }).ResponseAsync);
        await first;
        for (var i = 0; i < updates.Count; i++)
        {
            if (i == 5)
                Assert.Equal(StatusCode.Internal, (await Assert.ThrowsAsync<RpcException>(() => updates[i])).StatusCode);
            else
                Assert.Equal(1, (await updates[i]).Context.Counters["n"]);
        }
        await _platform.SqlAsync<int>("ALTER TABLE session.events DROP CONSTRAINT slowly");
    }

    private Task SleepingAsync() => Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"))[0] > 0, "the first one is on its way");

    private static Task<AppendEventsResponse> AppendAsync(Client client, string session, string message, CancellationToken cancellation) => client.AppendEventsAsync(
        new AppendEventsRequest { SessionId = session, Events = { new SessionEvent { Type = "test.line", Source = "test", Message = message } } },
        deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(30), cancellationToken: cancellation).ResponseAsync;

    private async Task<List<Client>> AgentsAsync(string name)
    {
        var agents = new List<Client>();
        for (var i = 0; i < 4; i++)
            agents.Add(await As(Tokens.Agent($"{name}-{i}")));
        return agents;
    }

    private Task<Client> As(string token) => _platform.ClientAsync<Client>(token);

    private static async Task<CreateSessionResponse> CreateAsync(Client client, string task, string key) => await client.CreateSessionAsync(
        new CreateSessionRequest { Role = "grouped", Task = task }, new Metadata { { IdempotencyInterceptor.KeyHeader, key } });

    private Task OutboxIsEmptyAsync() => Eventually.TrueAsync(
        async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.outbox"))[0] == 0, "the outbox is empty");

    // Disposing lets go: the connection is not pooled.
    private async Task<NpgsqlConnection> HoldOutboxAsync()
    {
        var connection = new NpgsqlConnection(_platform.AdminConnection + ";Pooling=false");
        await connection.OpenAsync();
        await using var hold = new NpgsqlCommand("BEGIN; LOCK TABLE session.outbox IN SHARE MODE", connection);
        await hold.ExecuteNonQueryAsync();
        return connection;
    }

    private Task AllAreThereAsync(string name, int atLeast) =>
        Eventually.TrueAsync(async () => await HangingAsync(name) >= atLeast, "the first groups hang at the outbox");

    private async Task<long> HangingAloneAsync(string name) => (await _platform.SqlAsync<long>("""
        SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE datname = current_database() AND application_name = $1 AND NOT granted AND waitstart < clock_timestamp() - interval '300 ms'
        """, name))[0];

    private async Task<long> HangingAsync(string name) => (await _platform.SqlAsync<long>(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1 AND wait_event_type = 'Lock'", name))[0];
}
