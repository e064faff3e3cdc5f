using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.ApprovalService.ApprovalServiceClient;
using SessionClient = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class ApprovalTests : IClassFixture<Platform>
{
    private static readonly Struct Arguments = Struct.Parser.ParseJson("""{"to": ["ann@example.org"], "attempts": 3}""");
    private readonly Platform _platform;

    public ApprovalTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["session"] = new Dictionary<string, string> { ["Approvals:SweepEvery"] = "00:00:00.2" };
    }

    [Fact]
    public async Task What_was_approved_can_be_done_once_and_every_step_is_on_the_audit_log()
    {
        var (agent, person) = (await As(Tokens.Agent("mailer")), await As(Tokens.Operator("olga")));
        var asked = await RequestAsync(agent);
        Assert.Equal((ApprovalStatus.ApprovalPending, "mailer", 64), (asked.Status, asked.AgentId, asked.Digest.Length));
        var decided = (await person.DecideApprovalAsync(Approve(asked, "fine"))).Approval;
        Assert.Equal((ApprovalStatus.ApprovalApproved, "user:olga", "fine"), (decided.Status, decided.DecidedBy, decided.Notes));

        var used = (await agent.ConsumeApprovalAsync(Use(asked))).Approval;
        Assert.Equal(ApprovalStatus.ApprovalConsumed, used.Status);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ALREADY_CONSUMED", async () => await agent.ConsumeApprovalAsync(Use(asked)));
        Assert.Equal(used, (await agent.GetApprovalAsync(new GetApprovalRequest { Id = asked.Id })).Approval);

        var entries = await _platform.AuditOfAsync($"approval/{asked.Id}", 4);
        Assert.Equal(["approval.request", "approval.decide", "approval.consume", "approval.consume"], entries.Select(e => e.Operation));
        Assert.Equal(["", "user:olga", "user:olga", ""], entries.Select(e => e.AuthorizedBy));
        Assert.Equal([Outcome.Ok, Outcome.Ok, Outcome.Ok, Outcome.Denied], entries.Select(e => e.Outcome));
    }

    [Fact]
    public async Task Other_arguments_than_the_approved_ones_are_refused_and_on_record()
    {
        var (agent, person) = (await As(Tokens.Agent("swapper")), await As(Tokens.Operator("olga")));
        var asked = await RequestAsync(agent);
        await person.DecideApprovalAsync(Approve(asked));
        var other = Arguments.Clone();
        other.Fields["to"].ListValue.Values.Add(Value.ForString("eve@example.org"));

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH",
            async () => await agent.ConsumeApprovalAsync(new ConsumeApprovalRequest { Id = asked.Id, Action = asked.Action, Arguments = other }));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH",
            async () => await agent.ConsumeApprovalAsync(new ConsumeApprovalRequest { Id = asked.Id, Action = "mail.delete", Arguments = Arguments }));
        Assert.Equal(2, (await _platform.AuditOfAsync($"approval/{asked.Id}", 4)).Count(e => e.Outcome == Outcome.Denied));
        // The refusals have cost it nothing.
        Assert.Equal(ApprovalStatus.ApprovalConsumed, (await agent.ConsumeApprovalAsync(Use(asked))).Approval.Status);
    }

    [Fact]
    public async Task Of_two_people_who_decide_at_once_one_wins_and_the_other_is_told_who()
    {
        var agent = await As(Tokens.Agent("contested"));
        await using var other = await _platform.StartAnotherAsync("session");
        for (var i = 0; i < 10; i++)
        {
            var asked = await RequestAsync(agent);
            Task<Approval?>[] tries =
            [
                TryAsync(await As(Tokens.Operator("ann")), Approve(asked)),
                TryAsync(_platform.Client<Client>(other.GrpcAddress, Tokens.Operator("bob")), Reject(asked)),
            ];
            var winner = Assert.Single(await Task.WhenAll(tries), a => a is not null)!;
            var late = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ALREADY_DECIDED", async () => await (await As(Tokens.Operator("cid"))).DecideApprovalAsync(Approve(asked)));
            Assert.Equal(winner.DecidedBy, late.Facts["decided_by"]);
        }
    }

    [Fact]
    public async Task Of_many_uses_at_once_one_passes()
    {
        var (agent, person) = (await As(Tokens.Agent("greedy")), await As(Tokens.Operator("olga")));
        var asked = await RequestAsync(agent);
        await person.DecideApprovalAsync(Approve(asked));
        var passed = await Task.WhenAll(Enumerable.Range(0, 12).Select(async _ =>
        {
            while (true)
            {
                try { return (await agent.ConsumeApprovalAsync(Use(asked))).Approval.Status == ApprovalStatus.ApprovalConsumed; }
                catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted) { await Task.Delay(20); }
                catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition) { return false; }
            }
        }));
        Assert.Single(passed, p => p);
    }

    [Fact]
    public async Task Who_asked_never_decides_and_nobody_without_the_role()
    {
        var person = await As(Tokens.Operator("selfish"));
        var asked = (await person.RequestApprovalAsync(Asking())).Approval;
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "REQUESTER_MAY_NOT_DECIDE", async () => await person.DecideApprovalAsync(Approve(asked)));

        var high = (await person.RequestApprovalAsync(new RequestApprovalRequest(Asking()) { ApproverRole = Role.Superuser })).Approval;
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_THE_APPROVER", async () => await (await As(Tokens.Operator("other"))).DecideApprovalAsync(Approve(high)));
        Assert.Equal(ApprovalStatus.ApprovalRejected, (await (await As(Tokens.Superuser("root"))).DecideApprovalAsync(Reject(high))).Approval.Status);

        var stranger = await As(Tokens.Agent("stranger"));
        await Refusal.ExpectAsync(StatusCode.NotFound, "APPROVAL_NOT_FOUND", async () => await stranger.ConsumeApprovalAsync(Use(asked)));
        await Refusal.ExpectAsync(StatusCode.NotFound, "APPROVAL_NOT_FOUND", async () => await stranger.GetApprovalAsync(new GetApprovalRequest { Id = asked.Id }));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_THE_REQUESTER", async () => await (await As(Tokens.Operator("other"))).ConsumeApprovalAsync(Use(asked)));
    }

    [Fact]
    public async Task A_decision_is_bound_to_what_was_seen()
    {
        var (agent, person) = (await As(Tokens.Agent("shown")), await As(Tokens.Operator("olga")));
        var asked = await RequestAsync(agent);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH",
            async () => await person.DecideApprovalAsync(new DecideApprovalRequest(Approve(asked)) { Digest = new string('0', 64) }));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_APPROVED", async () => await agent.ConsumeApprovalAsync(Use(asked)));
        await person.DecideApprovalAsync(Reject(asked));
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_APPROVED", async () => await agent.ConsumeApprovalAsync(Use(asked)));
        Assert.Equal("REJECTED", refusal.Facts["status"]);
    }

    [Fact]
    public async Task An_overdue_approval_is_good_for_nothing_and_says_so()
    {
        var (agent, person) = (await As(Tokens.Agent("late")), await As(Tokens.Operator("olga")));
        var (undecided, unused) = (await RequestAsync(agent), await RequestAsync(agent));
        await person.DecideApprovalAsync(Approve(unused));
        using var watch = agent.WatchApproval(new WatchApprovalRequest { Id = undecided.Id });
        Assert.True(await watch.ResponseStream.MoveNext(default));

        _platform.Clock.Advance(TimeSpan.FromHours(1.1));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "APPROVAL_EXPIRED", async () => await person.DecideApprovalAsync(Approve(undecided)));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "APPROVAL_EXPIRED", async () => await agent.ConsumeApprovalAsync(Use(unused)));

        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(ApprovalStatus.ApprovalExpired, watch.ResponseStream.Current.Approval.Status);
        Assert.False(await watch.ResponseStream.MoveNext(default));
        await Eventually.TrueAsync(async () => (await _platform.AuditOfAsync($"approval/{unused.Id}", 3)).Any(e => e.Operation == "approval.expire"), "the expiry is on record");
    }

    [Fact]
    public async Task Nobody_decides_so_it_escalates_once_and_then_expires()
    {
        var agent = await As(Tokens.Agent("urgent"));
        var asked = (await agent.RequestApprovalAsync(new RequestApprovalRequest(Asking()) { OnExpiry = OnExpiry.Escalate, EscalateTo = Role.Superuser })).Approval;
        var twin = (await agent.RequestApprovalAsync(new RequestApprovalRequest(Asking()) { OnExpiry = OnExpiry.Escalate, EscalateTo = Role.Superuser })).Approval;
        _platform.Clock.Advance(TimeSpan.FromHours(1.1));
        async Task<Approval> NowAsync(Approval approval) => (await agent.GetApprovalAsync(new GetApprovalRequest { Id = approval.Id })).Approval;
        await Eventually.TrueAsync(async () => (await NowAsync(asked)).Escalated && (await NowAsync(twin)).Escalated, "both are escalated");

        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_THE_APPROVER", async () => await (await As(Tokens.Operator("olga"))).DecideApprovalAsync(Approve(asked)));
        Assert.Equal(ApprovalStatus.ApprovalApproved, (await (await As(Tokens.Superuser("root"))).DecideApprovalAsync(Approve(asked))).Approval.Status);
        _platform.Clock.Advance(TimeSpan.FromHours(1.1));
        await Eventually.TrueAsync(async () => (await NowAsync(twin)).Status == ApprovalStatus.ApprovalExpired, "the twin expires");
        var operations = (await _platform.AuditOfAsync($"approval/{twin.Id}", 3)).Select(e => e.Operation);
        Assert.Equal(["approval.request", "approval.escalate", "approval.expire"], operations);
    }

    [Fact]
    public async Task Bad_requests_are_refused_with_their_fields()
    {
        var agent = await As(Tokens.Agent("clumsy"));
        async Task AskAsync(Action<RequestApprovalRequest> spoil)
        {
            var request = Asking();
            spoil(request);
            await agent.RequestApprovalAsync(request);
        }
        await Refusal.ExpectFieldsAsync(async () => await agent.RequestApprovalAsync(new RequestApprovalRequest()), "approver_role", "action", "reason");
        await Refusal.ExpectFieldsAsync(() => AskAsync(r => r.ApproverRole = Role.Agent), "approver_role");
        await Refusal.ExpectFieldsAsync(() => AskAsync(r => r.ExpiresIn = new Duration { Seconds = -1 }), "expires_in");
        await Refusal.ExpectFieldsAsync(() => AskAsync(r => r.ExpiresIn = new Duration { Seconds = long.MaxValue }), "expires_in");
        await Refusal.ExpectFieldsAsync(() => AskAsync(r => r.OnExpiry = OnExpiry.Escalate), "escalate_to");
        await Refusal.ExpectFieldsAsync(() => AskAsync(r => r.OnExpiry = (OnExpiry)9), "on_expiry");
        await Refusal.ExpectFieldsAsync(() => AskAsync(r => r.SessionId = "no"), "session_id");
        await Refusal.ExpectFieldsAsync(() => AskAsync(r => r.Arguments = new Struct { Fields = { ["n"] = Value.ForNumber(double.NaN) } }), "arguments");
        await Refusal.ExpectFieldsAsync(() => AskAsync(r => r.Arguments = new Struct { Fields = { ["t"] = Value.ForString(new string('x', 256 * 1024)) } }), "arguments");
        var person = await As(Tokens.Operator("olga"));
        await Refusal.ExpectFieldsAsync(async () => await person.DecideApprovalAsync(new DecideApprovalRequest { Id = "x", Digest = "X" }), "id", "decision", "digest");
        await Refusal.ExpectAsync(StatusCode.NotFound, "APPROVAL_NOT_FOUND",
            async () => await person.DecideApprovalAsync(new DecideApprovalRequest { Id = Guid.CreateVersion7().ToString(), Decision = ApprovalDecision.Approve, Digest = new string('0', 64) }));

        // Anothers' session, and one that has ended.
        var stranger = await _platform.ClientAsync<SessionClient>(Tokens.Agent("stranger"));
        var foreign = (await stranger.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session.Id;
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", () => AskAsync(r => r.SessionId = foreign));
        var own = await _platform.ClientAsync<SessionClient>(Tokens.Agent("clumsy"));
        var ended = (await own.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session.Id;
        await own.TransitionSessionAsync(new TransitionSessionRequest { Id = ended, Status = SessionStatus.Cancelled });
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "SESSION_ENDED", () => AskAsync(r => r.SessionId = ended));
    }

    [Fact]
    public async Task Lists_filter_and_show_agents_their_own()
    {
        var (agent, other, auditor) = (await As(Tokens.Agent("lister")), await As(Tokens.Agent("lister2")), await As(Tokens.Auditor()));
        var mine = new[] { await RequestAsync(agent), await RequestAsync(agent) };
        await RequestAsync(other);
        await (await As(Tokens.Operator("olga"))).DecideApprovalAsync(Reject(mine[0]));

        Assert.Equal([mine[1].Id, mine[0].Id], (await agent.ListApprovalsAsync(new ListApprovalsRequest())).Approvals.Select(a => a.Id));
        var pending = await auditor.ListApprovalsAsync(new ListApprovalsRequest { AgentId = "lister", Status = ApprovalStatus.ApprovalPending });
        Assert.Equal(mine[1].Id, Assert.Single(pending.Approvals).Id);
        var page = await agent.ListApprovalsAsync(new ListApprovalsRequest { PageSize = 1 });
        Assert.Equal(mine[0].Id, Assert.Single((await agent.ListApprovalsAsync(new ListApprovalsRequest { PageSize = 1, PageToken = page.NextPageToken })).Approvals).Id);
    }

    [Fact]
    public async Task Any_walk_of_calls_keeps_to_the_model()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var (agent, person) = (await As(Tokens.Agent("walker")), await As(Tokens.Operator("olga")));
        for (var walk = 0; walk < 25; walk++)
        {
            var asked = await RequestAsync(agent);
            var state = ApprovalStatus.ApprovalPending;
            for (var step = 0; step < 6; step++)
            {
                var (act, from, to) = random.Next(4) switch
                {
                    0 => ((Func<Task>)(async () => await person.DecideApprovalAsync(Approve(asked))), ApprovalStatus.ApprovalPending, ApprovalStatus.ApprovalApproved),
                    1 => (async () => await person.DecideApprovalAsync(Reject(asked)), ApprovalStatus.ApprovalPending, ApprovalStatus.ApprovalRejected),
                    2 => (async () => await agent.ConsumeApprovalAsync(Use(asked)), ApprovalStatus.ApprovalApproved, ApprovalStatus.ApprovalConsumed),
                    _ => (async () => await agent.ConsumeApprovalAsync(new ConsumeApprovalRequest(Use(asked)) { Action = "other" }), ApprovalStatus.Unspecified, state),
                };
                if (state == from)
                {
                    await act();
                    state = to;
                }
                else
                {
                    Assert.Equal(StatusCode.FailedPrecondition, (await Assert.ThrowsAsync<RpcException>(act)).StatusCode);
                }
                Assert.True(state == (await agent.GetApprovalAsync(new GetApprovalRequest { Id = asked.Id })).Approval.Status, $"seed {seed}, walk {walk}, step {step}");
            }
        }
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-0.0, "0")]
    [InlineData(3, "3")]
    [InlineData(-1.5, "-1.5")]
    [InlineData(1e21, "1e+21")]
    [InlineData(123e18, "123000000000000000000")]
    [InlineData(295147905179352830000.0, "295147905179352830000")]
    [InlineData(0.000001, "0.000001")]
    [InlineData(0.0000001, "1e-7")]
    [InlineData(1.5e-9, "1.5e-9")]
    [InlineData(333333333.33333329, "333333333.3333333")]
    [InlineData(double.MaxValue, "1.7976931348623157e+308")]
    [InlineData(double.Epsilon, "5e-324")]
    [InlineData(9007199254740991, "9007199254740991")]
    public void Numbers_are_written_as_ecmascript_does(double number, string text) =>
        Assert.Equal($$"""{"n":{{text}}}""", CanonicalJson.Of(new Struct { Fields = { ["n"] = Value.ForNumber(number) } }));

    [Fact]
    public async Task The_digest_is_the_one_that_the_documentation_names()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "approvals.md"));
        Assert.Contains($"`{(await RequestAsync(await As(Tokens.Agent("reader")))).Digest}`", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_are_in_order_and_texts_escaped_as_little_as_can_be()
    {
        var value = Struct.Parser.ParseJson("""{"b": [true, null, {}], "€": "é\u0007\n/", "B": "\"\\", "😀": 1, "ﬁ": 2}""");
        // UTF-16 units: the face begins with U+D83D, which comes before U+FB01.
        Assert.Equal("""{"B":"\"\\","b":[true,null,{}],"€":"é\u0007\n/","😀":1,"ﬁ":2}""", CanonicalJson.Of(value));
    }

    private Task<Client> As(string token) => _platform.ClientAsync<Client>(token);

    private static RequestApprovalRequest Asking() => new() { ApproverRole = Role.Operator, Action = "mail.send", Arguments = Arguments, Reason = "The offer is ready." };

    private static async Task<Approval> RequestAsync(Client client) => (await client.RequestApprovalAsync(Asking())).Approval;

    private static DecideApprovalRequest Approve(Approval seen, string notes = "") => new() { Id = seen.Id, Decision = ApprovalDecision.Approve, Digest = seen.Digest, Notes = notes };

    private static DecideApprovalRequest Reject(Approval seen) => new() { Id = seen.Id, Decision = ApprovalDecision.Reject, Digest = seen.Digest };

    private static ConsumeApprovalRequest Use(Approval asked) => new() { Id = asked.Id, Action = asked.Action, Arguments = asked.Arguments };

    private static async Task<Approval?> TryAsync(Client client, DecideApprovalRequest request)
    {
        try { return (await client.DecideApprovalAsync(request)).Approval; }
        catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition) { return null; }
    }
}
