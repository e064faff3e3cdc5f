using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class SessionTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly string Unknown = Guid.CreateVersion7().ToString();

    [Fact]
    public async Task A_session_is_pending_when_created_and_reads_back_as_it_was_answered()
    {
        var agent = await As(Tokens.Agent("reader"));
        var created = (await agent.CreateSessionAsync(new CreateSessionRequest
        {
            Role = "finance",
            Task = "Reconcile März ✓",
            Metadata = Struct.Parser.ParseJson("""{"booking": {"ref": "B-1", "lines": [1, 2.5, null, true]}}"""),
        })).Session;

        Assert.Equal(SessionStatus.Pending, created.Status);
        Assert.Equal("reader", created.AgentId);
        Assert.Equal(1, created.Version);
        Assert.Equal(7, Guid.Parse(created.Id).Version);
        Assert.Equal(created, (await agent.GetSessionAsync(new GetSessionRequest { Id = created.Id })).Session);
    }

    [Fact]
    public async Task A_session_walks_its_life_and_stays_ended()
    {
        var agent = await As(Tokens.Agent("walker"));
        var session = await CreateAsync(agent);

        var active = await MoveAsync(agent, session, SessionStatus.Active);
        Assert.Null(active.EndTime);
        var completed = await MoveAsync(agent, active, SessionStatus.Completed);
        Assert.Equal(3, completed.Version);
        Assert.NotNull(completed.EndTime);

        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", () => MoveAsync(agent, completed, SessionStatus.Active));
        Assert.Equal("COMPLETED", refusal.Facts["from"]);
        Assert.Equal("ACTIVE", refusal.Facts["to"]);
    }

    [Theory]
    [InlineData(SessionStatus.Completed)]
    [InlineData(SessionStatus.Failed)]
    [InlineData(SessionStatus.Pending)]
    public async Task A_pending_session_cannot_skip_a_step(SessionStatus to)
    {
        var agent = await As(Tokens.Agent("skipper"));
        var session = await CreateAsync(agent);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", () => MoveAsync(agent, session, to));
    }

    [Fact]
    public async Task A_step_from_an_old_version_is_refused()
    {
        var agent = await As(Tokens.Agent("stale"));
        var session = await CreateAsync(agent);
        await MoveAsync(agent, session, SessionStatus.Active);
        await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE", () => MoveAsync(agent, session, SessionStatus.Cancelled));
    }

    [Fact]
    public async Task Of_many_steps_at_once_one_wins()
    {
        var agent = await As(Tokens.Agent("racer"));
        var session = await CreateAsync(agent);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            try { await MoveAsync(agent, session, SessionStatus.Active); return "won"; }
            catch (RpcException e) { return Refusal.From(e).Reason; }
        }));

        Assert.Single(outcomes, "won");
        Assert.All(outcomes.Where(o => o != "won"), o => Assert.Equal("CONCURRENT_UPDATE", o));
        Assert.Equal(2, (await agent.GetSessionAsync(new GetSessionRequest { Id = session.Id })).Session.Version);
    }

    [Fact]
    public async Task Another_agents_session_is_as_if_it_were_not_there()
    {
        var session = await CreateAsync(await As(Tokens.Agent("owner")));
        var thief = await As(Tokens.Agent("thief"));

        var real = await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", async () => await thief.GetSessionAsync(new GetSessionRequest { Id = session.Id }));
        var unreal = await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", async () => await thief.GetSessionAsync(new GetSessionRequest { Id = Unknown }));
        Assert.Equal(unreal.Message.Replace(Unknown, session.Id), real.Message);
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", () => MoveAsync(thief, session, SessionStatus.Cancelled));
        Assert.Empty((await thief.ListSessionsAsync(new ListSessionsRequest())).Sessions);
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await thief.ListSessionsAsync(new ListSessionsRequest { AgentId = "owner" }));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await thief.CreateSessionAsync(new CreateSessionRequest { Role = "r", AgentId = "owner" }));
    }

    [Fact]
    public async Task A_list_shows_every_session_once_newest_first_while_others_are_added()
    {
        var agent = await As(Tokens.Agent("lister"));
        var expected = new List<string>();
        for (var i = 0; i < 7; i++)
            expected.Insert(0, (await CreateAsync(agent)).Id);

        var seen = new List<string>();
        var token = "";
        do
        {
            var page = await agent.ListSessionsAsync(new ListSessionsRequest { PageSize = 3, PageToken = token });
            seen.AddRange(page.Sessions.Select(s => s.Id));
            token = page.NextPageToken;
            await CreateAsync(agent);
        }
        while (token.Length > 0);
        // Ids of one millisecond are in no particular order among themselves, hence the set; the pages are in order of ids.
        Assert.Equal(expected.Order(), seen.Order());
        Assert.Equal(seen.OrderDescending(), seen);
    }

    [Fact]
    public async Task A_list_filters_by_state_role_and_agent()
    {
        var agent = await As(Tokens.Agent("filter"));
        var active = await MoveAsync(agent, await CreateAsync(agent, "legal"), SessionStatus.Active);
        await CreateAsync(agent, "legal");
        var person = await As(Tokens.Operator());

        Assert.Equal([active.Id], await IdsAsync(person, new ListSessionsRequest { AgentId = "filter", Role = "legal", Status = SessionStatus.Active }));
        Assert.Empty(await IdsAsync(person, new ListSessionsRequest { AgentId = "filter", Role = "marketing" }));
    }

    [Fact]
    public async Task A_page_token_of_another_list_is_refused()
    {
        var agent = await As(Tokens.Agent("pager"));
        await CreateAsync(agent);
        await CreateAsync(agent);
        var token = (await agent.ListSessionsAsync(new ListSessionsRequest { PageSize = 1 })).NextPageToken;

        foreach (var (bad, role) in new[] { (token, "finance"), ("AAAA", ""), ("not a token!", ""), (new string('A', 5_000), ""), (token[..^2], "") })
            await Refusal.ExpectFieldsAsync(async () => await agent.ListSessionsAsync(new ListSessionsRequest { PageToken = bad, Role = role }), "page_token");
        await Refusal.ExpectFieldsAsync(async () => await agent.ListSessionsAsync(new ListSessionsRequest { PageSize = -1 }), "page_size");
    }

    [Fact]
    public async Task Every_wrong_field_is_named_at_once()
    {
        var agent = await As(Tokens.Agent("sloppy"));
        await Refusal.ExpectFieldsAsync(async () => await agent.CreateSessionAsync(new CreateSessionRequest
        {
            Role = "Not A Role",
            Task = new string('x', 2_001),
            AgentId = "né",
            Metadata = new Struct { Fields = { ["big"] = Value.ForString(new string('x', 64 * 1024)) } },
        }), "role", "task", "agent_id", "metadata");
        await Refusal.ExpectFieldsAsync(async () => await agent.CreateSessionAsync(new CreateSessionRequest()), "role");
        await Refusal.ExpectFieldsAsync(async () => await agent.CreateSessionAsync(new CreateSessionRequest { Role = "r", Task = "a\0b" }), "task");
    }

    public static TheoryData<string> UnstorableMetadata => ["nan", "infinity", "nul", "nul-key", "empty"];

    [Theory]
    [MemberData(nameof(UnstorableMetadata))]
    public async Task Metadata_that_json_cannot_hold_is_refused(string kind)
    {
        var metadata = new Struct
        {
            Fields =
            {
                [kind == "nul-key" ? "a\0" : "a"] = kind switch
                {
                    "nan" => Value.ForNumber(double.NaN),
                    "infinity" => Value.ForList(Value.ForNumber(double.PositiveInfinity)),
                    "nul" => Value.ForString("a\0b"),
                    "empty" => new Value(),
                    _ => Value.ForBool(true),
                },
            },
        };
        var agent = await As(Tokens.Agent("unstorable"));
        await Refusal.ExpectFieldsAsync(async () => await agent.CreateSessionAsync(new CreateSessionRequest { Role = "r", Metadata = metadata }), "metadata");
    }

    [Theory]
    [InlineData("")]
    [InlineData("42")]
    [InlineData("../../etc/passwd")]
    [InlineData("{0197f3c0-0000-7000-8000-000000000000}")]
    public async Task An_id_that_is_no_uuid_is_refused(string id)
    {
        var agent = await As(Tokens.Agent("malformed"));
        await Refusal.ExpectFieldsAsync(async () => await agent.GetSessionAsync(new GetSessionRequest { Id = id }), "id");
        await Refusal.ExpectFieldsAsync(async () => await agent.TransitionSessionAsync(new TransitionSessionRequest { Id = id, Status = (SessionStatus)99, Version = -1 }),
            "id", "status", "version");
    }

    [Fact]
    public async Task A_change_is_on_the_audit_log_once_with_who_did_it()
    {
        var agent = await As(Tokens.Agent("audited"));
        var session = await CreateAsync(agent);
        await MoveAsync(agent, session, SessionStatus.Active);

        var entries = await platform.AuditOfAsync($"session/{session.Id}", atLeast: 2);
        Assert.Equal(["session.create", "session.transition"], entries.Select(e => e.Operation));
        Assert.All(entries, e =>
        {
            Assert.Equal(("audited", "agent:audited", "session"), (e.AgentId, e.Principal, e.Service));
            Assert.Equal(32, e.TraceId.Length);
        });
        Assert.Equal("ACTIVE", entries[1].Metadata.Fields["to"].StringValue.ToUpperInvariant());
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private static async Task<Session> CreateAsync(Client client, string role = "finance") =>
        (await client.CreateSessionAsync(new CreateSessionRequest { Role = role })).Session;

    private static async Task<Session> MoveAsync(Client client, Session session, SessionStatus to) =>
        (await client.TransitionSessionAsync(new TransitionSessionRequest { Id = session.Id, Status = to, Version = session.Version })).Session;

    private static async Task<List<string>> IdsAsync(Client client, ListSessionsRequest request) =>
        [.. (await client.ListSessionsAsync(request)).Sessions.Select(s => s.Id)];
}
