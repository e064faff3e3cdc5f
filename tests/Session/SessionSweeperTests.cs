using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class SessionSweeperTests : IClassFixture<Platform>
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly Platform _platform;

    public SessionSweeperTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["session"] = new() { ["Sessions:SweepEvery"] = "00:00:00.1", ["Sessions:ExpireAfter"] = "366.00:00:00" };
    }

    [Fact]
    public async Task A_session_that_is_left_alone_expires_and_all_who_care_are_told()
    {
        var agent = await As("left");
        var session = await agent.CreateAsync(Hour);
        Assert.Equal(Hour, session.ExpireTime.ToDateTimeOffset() - session.CreateTime.ToDateTimeOffset());
        using var watch = agent.WatchSession(new WatchSessionRequest { Id = session.Id, AfterSequence = 0 });
        await watch.ResponseStream.MoveNext();

        _platform.Clock.Advance(Hour + TimeSpan.FromSeconds(1));
        var shown = watch.ResponseStream.Current.Session;
        while (await watch.ResponseStream.MoveNext())
            shown = watch.ResponseStream.Current.Session;

        var expired = await agent.ReadAsync(session.Id);
        Assert.Equal((SessionStatus.Expired, 2L, expired), (expired.Status, expired.Version, shown));
        Assert.NotNull(expired.EndTime);
        var entry = (await _platform.AuditOfAsync($"session/{session.Id}", atLeast: 2))[1];
        Assert.Equal(("session.expire", "service/session"), (entry.Operation, entry.Principal));
    }

    [Fact]
    public async Task A_session_that_something_is_done_with_does_not_expire()
    {
        var agent = await As("busy");
        var uses = new Func<string, Task>[]
        {
            id => agent.AppendAsync(id),
            async id => await agent.UpdateContextAsync(new UpdateContextRequest { SessionId = id, Increments = { ["n"] = 1 } }),
            id => agent.MoveAsync(id, SessionStatus.Active),
            async id => await agent.UpdateSessionAsync(new UpdateSessionRequest { Id = id, UpdateMask = new() { Paths = { "task" } }, Task = "More" }),
        };
        var sessions = new List<Session>();
        foreach (var _ in uses)
            sessions.Add(await agent.CreateAsync(Hour));
        var alone = await agent.CreateAsync(Hour);

        _platform.Clock.Advance(0.75 * Hour);
        foreach (var (use, session) in uses.Zip(sessions))
            await use(session.Id);
        _platform.Clock.Advance(0.75 * Hour);

        await IsAsync(agent, alone.Id, SessionStatus.Expired);
        foreach (var session in sessions)
            Assert.NotEqual(SessionStatus.Expired, (await agent.ReadAsync(session.Id)).Status);
    }

    [Fact]
    public async Task Many_sessions_expire_once_while_two_instances_sweep()
    {
        const int Sessions = 250;
        var agent = await As("crowd");
        await using var other = await _platform.StartAnotherAsync("session");
        var sessions = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(_ => agent.CreateAsync(Hour)));
        _platform.Clock.Advance(2 * Hour);
        foreach (var session in sessions)
            await IsAsync(agent, session.Id, SessionStatus.Expired);

        var ids = sessions.Select(s => s.Id).ToHashSet();
        Assert.Equal([2L], (await _platform.SqlAsync<long>("SELECT DISTINCT version FROM session.sessions WHERE agent_id = 'crowd'")));
        async Task<int> ToldAsync() =>
            (await _platform.SqlAsync<string>("SELECT resource FROM audit.audit_log WHERE operation = 'session.expire'")).Count(r => ids.Contains(r["session/".Length..]));
        await Eventually.TrueAsync(async () => await ToldAsync() >= Sessions, "every expiry is on the audit log");
        Assert.Equal(Sessions, await ToldAsync());
    }

    [Fact]
    public async Task Retention_removes_an_ended_session_with_all_that_is_its_and_keeps_what_is_open_young_or_held()
    {
        var agent = await As("kept");
        var person = await _platform.ClientAsync<Client>(Tokens.Operator());
        var (old, held, open) = (await FilledAsync(agent), await FilledAsync(agent), await FilledAsync(agent));
        await person.UpdateSessionAsync(new UpdateSessionRequest { Id = held, UpdateMask = new() { Paths = { "legal_hold" } }, LegalHold = true });
        await agent.MoveAsync(old, SessionStatus.Cancelled);
        await agent.MoveAsync(held, SessionStatus.Cancelled);
        _platform.Clock.Advance(TimeSpan.FromDays(7) - TimeSpan.FromMinutes(1));
        var young = await FilledAsync(agent);
        await agent.MoveAsync(young, SessionStatus.Cancelled);
        Assert.Equal(SessionStatus.Cancelled, (await agent.ReadAsync(old)).Status);

        _platform.Clock.Advance(TimeSpan.FromMinutes(2));
        await Eventually.TrueAsync(async () => (await CountAsync("sessions", old)) == 0, "the session is removed");
        foreach (var table in new[] { "events", "contexts" })
        {
            Assert.Equal(0, await CountAsync(table, old));
            foreach (var kept in new[] { held, open, young })
                Assert.NotEqual(0, await CountAsync(table, kept));
        }
        // Other tests' removals are on record too, maybe before this one; and what they have ended may go along.
        var audit = await _platform.ClientAsync<AuditService.AuditServiceClient>(Tokens.Auditor());
        List<Struct> removals = [];
        await Eventually.TrueAsync(async () =>
        {
            var entries = (await audit.ListEntriesAsync(new ListEntriesRequest { Operation = "session.remove" })).Entries;
            removals = [.. entries.Select(e => e.Metadata).Where(m => m.Fields["ids"].StringValue.Contains(old, StringComparison.Ordinal))];
            return removals.Count > 0;
        }, "the removal is on record");
        var removal = Assert.Single(removals).Fields;
        Assert.Equal($"{removal["ids"].StringValue.Split(' ').Length}", removal["count"].StringValue);

        // The hold is lifted, although the session has ended, and its time is over at once.
        await person.UpdateSessionAsync(new UpdateSessionRequest { Id = held, UpdateMask = new() { Paths = { "legal_hold" } } });
        await Eventually.TrueAsync(async () => (await CountAsync("sessions", held)) == 0, "the session that was held is removed");
    }

    [Fact]
    public async Task Many_sessions_are_removed_in_batches_that_an_audit_entry_can_name()
    {
        const int Sessions = 60;
        var agent = await As("mass");
        var sessions = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(_ => agent.CreateAsync()));
        foreach (var session in sessions)
            await agent.MoveAsync(session.Id, SessionStatus.Cancelled);
        // Two that would fill a batch alone, by the number of their events.
        await _platform.SqlAsync<int>("UPDATE session.sessions SET last_sequence = 30000 WHERE id = ANY ($1)", new[] { Guid.Parse(sessions[0].Id), Guid.Parse(sessions[30].Id) });
        _platform.Clock.Advance(TimeSpan.FromDays(8));
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE agent_id = 'mass'"))[0] == 0, "all are removed");

        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.outbox"))[0] == 0, "the outbox is empty");
        var removals = await _platform.SqlAsync<string>("SELECT metadata ->> 'ids' FROM audit.audit_log WHERE operation = 'session.remove'");
        var ids = removals.SelectMany(r => r.Split(' ')).Where(id => sessions.Any(s => s.Id == id)).ToList();
        Assert.Equal(sessions.Select(s => s.Id).Order(), ids.Order());
        Assert.All(removals, r => Assert.InRange(r.Split(' ').Length, 1, 25));
    }

    private Task<Client> As(string agent) => _platform.ClientAsync<Client>(Tokens.Agent(agent));

    private async Task<long> CountAsync(string table, string id) => (await _platform.SqlAsync<long>(
        table == "sessions" ? "SELECT count(*) FROM session.sessions WHERE id = $1" : $"SELECT count(*) FROM session.{table} WHERE session_id = $1", Guid.Parse(id)))[0];

    private static Task IsAsync(Client client, string id, SessionStatus status) =>
        Eventually.TrueAsync(async () => (await client.ReadAsync(id)).Status == status, $"session {id} is {status}");

    private static async Task<string> FilledAsync(Client client)
    {
        var id = (await client.CreateAsync()).Id;
        await client.AppendAsync(id, 3);
        await client.UpdateContextAsync(new UpdateContextRequest { SessionId = id, Increments = { ["n"] = 1 } });
        return id;
    }
}
