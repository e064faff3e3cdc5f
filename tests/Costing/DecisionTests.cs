using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using Npgsql;
using static AgentPlatform.Tests.Costings.CostingCalls;
using Client = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class DecisionTests(Platform platform) : IClassFixture<Platform>
{
    private const string Sku = "SKU";
    private const int Deciders = 16;
    private const string CountWaiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

    [Theory]
    [InlineData(Decision.Approve, CostingStatus.Approved)]
    [InlineData(Decision.Reject, CostingStatus.Rejected)]
    public async Task A_decision_is_kept_with_who_took_it_and_why(Decision decision, CostingStatus status)
    {
        var agent = await As(Tokens.Agent("proposer"));
        var costing = await ProposeAsync(agent);

        var decided = await (await As(Tokens.Superuser())).DecideAsync(costing, decision, "as agreed");

        Assert.Equal((status, "user:sam", "as agreed"), (decided.Status, decided.ReviewedBy, decided.ReviewReason));
        Assert.True(decided.ReviewTime >= decided.ProposeTime);
        Assert.Equal((costing.Digest, costing.Total, costing.Lines), (decided.Digest, decided.Total, decided.Lines));
        Assert.Equal(decided, await agent.GetAsync(costing.Id));
    }

    [Fact]
    public async Task Second_decision_is_refused_and_names_who_decided()
    {
        var costing = await ProposeAsync(await As(Tokens.Agent("twice")));
        await (await As(Tokens.Superuser())).DecideAsync(costing, Decision.Approve);
        var sue = await As(Tokens.Superuser("sue"));

        foreach (var decision in new[] { Decision.Reject, Decision.Approve })
        {
            var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ALREADY_DECIDED", () => sue.DecideAsync(costing, decision, "no"));
            Assert.Equal(("user:sam", "approved"), (refusal.Facts["reviewed_by"], refusal.Facts["status"]));
            Assert.Contains("approved by user:sam", refusal.Message);
        }
    }

    [Fact]
    public async Task Of_many_deciders_at_once_on_two_instances_one_wins_and_is_named_to_the_others()
    {
        var agent = await As(Tokens.Agent("contested"));
        var costing = await ProposeAsync(agent);
        await using var other = await platform.StartAnotherAsync("costing");

        // All have begun before any can go on: each waits for the row, which is held here.
        await using var administrator = new NpgsqlConnection(platform.AdminConnection);
        await administrator.OpenAsync();
        var held = await administrator.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("SELECT FROM costing.booking_costing WHERE id = $1 FOR UPDATE", administrator, held);
        hold.Parameters.Add(new NpgsqlParameter { Value = Guid.Parse(costing.Id) });
        await hold.ExecuteNonQueryAsync();

        var deciding = Task.WhenAll(Enumerable.Range(0, Deciders).Select(async i =>
        {
            var token = Tokens.Superuser($"s{i}");
            var client = i % 2 == 0 ? await As(token) : platform.Client<Client>(other.GrpcAddress, token);
            try { return (Decided: (Costing?)await client.DecideAsync(costing, i % 3 == 0 ? Decision.Approve : Decision.Reject, "mine"), Refused: (Refusal?)null); }
            catch (RpcException e) { return (Decided: null, Refused: Refusal.From(e)); }
        }));
        await Eventually.TrueAsync(async () => (await platform.SqlAsync<long>(CountWaiting)).Single() == Deciders, "all deciders wait for the row");
        await held.CommitAsync();
        var outcomes = await deciding;

        var winner = Assert.Single(outcomes, o => o.Decided is not null).Decided!;
        Assert.All(outcomes.Where(o => o.Decided is null), o =>
        {
            Assert.Equal("ALREADY_DECIDED", o.Refused!.Reason);
            Assert.Equal(winner.ReviewedBy, o.Refused.Facts["reviewed_by"]);
        });
        Assert.Equal(winner, await agent.GetAsync(costing.Id));
        var entries = (await platform.AuditOfAsync($"costing/{costing.Id}", atLeast: 1 + Deciders)).Where(e => e.Operation == "costing.decide").ToList();
        Assert.Equal(winner.ReviewedBy, Assert.Single(entries, e => e.Outcome == Contracts.Audit.V1.Outcome.Ok).AuthorizedBy);
        Assert.Equal(Deciders - 1, entries.Count(e => e.Outcome == Contracts.Audit.V1.Outcome.Denied));
    }

    [Fact]
    public async Task A_decision_on_another_content_is_refused()
    {
        var agent = await As(Tokens.Agent("swapped"));
        var seen = await ProposeAsync(agent);
        var sam = await As(Tokens.Superuser());

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", () => sam.DecideAsync(seen, Decision.Approve, digest: new string('0', 64)));
        var another = await ProposeAsync(agent);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", () => sam.DecideAsync(seen, Decision.Approve, digest: another.Digest));
        Assert.Equal(CostingStatus.PendingReview, (await agent.GetAsync(seen.Id)).Status);
        Assert.Equal(CostingStatus.Approved, (await sam.DecideAsync(seen, Decision.Approve, digest: seen.Digest.ToUpperInvariant())).Status);
    }

    [Fact]
    public async Task A_costing_whose_rows_were_changed_behind_the_service_cannot_be_decided()
    {
        var costing = await ProposeAsync(await As(Tokens.Agent("tampered")));
        await platform.SqlAsync<int>("UPDATE costing.costing_lines SET quantity_milli = quantity_milli + 1 WHERE costing_id = $1 RETURNING 1", Guid.Parse(costing.Id));
        var sam = await As(Tokens.Superuser());
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", () => sam.DecideAsync(costing, Decision.Approve));
    }

    [Fact]
    public async Task The_proposer_does_not_decide_even_with_a_superusers_token()
    {
        var costing = await ProposeAsync(await As(Tokens.Agent("selfish")));
        var promoted = await As(Tokens.Key.Mint("agent:selfish", ["superuser"], null, TimeSpan.FromHours(1), TimeProvider.System));

        foreach (var decision in new[] { Decision.Approve, Decision.Reject })
            await Refusal.ExpectAsync(StatusCode.PermissionDenied, "PROPOSER_MAY_NOT_DECIDE", () => promoted.DecideAsync(costing, decision, "why not"));
        Assert.Equal(CostingStatus.PendingReview, (await promoted.GetAsync(costing.Id)).Status);
    }

    [Fact]
    public async Task Only_a_superuser_decides()
    {
        var costing = await ProposeAsync(await As(Tokens.Agent("hopeful")));
        foreach (var token in new[] { Tokens.Agent("hopeful"), Tokens.Agent("friend"), Tokens.Operator(), Tokens.Auditor() })
        {
            var client = await As(token);
            await Refusal.ExpectAsync(StatusCode.PermissionDenied, "ROLE_MISSING", () => client.DecideAsync(costing, Decision.Approve));
        }
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_gets_the_decision_again()
    {
        var costing = await ProposeAsync(await As(Tokens.Agent("repeated")));
        var sam = await As(Tokens.Superuser());
        var request = new DecideCostingRequest { Id = costing.Id, Decision = Decision.Approve, Digest = costing.Digest };
        var first = await sam.DecideCostingAsync(request, Key("decide-once"));

        var repeat = sam.DecideCostingAsync(request, Key("decide-once"));
        Assert.Equal(first, await repeat);
        Assert.Equal("true", repeat.GetTrailers().GetValue("idempotency-replayed"));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ALREADY_DECIDED", async () => await sam.DecideCostingAsync(request));
    }

    [Fact]
    public async Task A_wrong_field_is_named()
    {
        var sam = await As(Tokens.Superuser());
        var digest = new string('a', 64);
        var id = Guid.CreateVersion7().ToString();

        await Refusal.ExpectFieldsAsync(async () => await sam.DecideCostingAsync(new DecideCostingRequest()), "id", "decision", "digest");
        await Refusal.ExpectFieldsAsync(() => DecideAsync("42", (Decision)99, "zz", new string('x', 1_001)), "id", "decision", "digest", "reason");
        await Refusal.ExpectFieldsAsync(() => DecideAsync(id, Decision.Reject, digest, " "), "reason");
        await Refusal.ExpectFieldsAsync(() => DecideAsync(id, Decision.Approve, digest, "a\0b"), "reason");
        await Refusal.ExpectFieldsAsync(() => DecideAsync(id, Decision.Approve, new string('g', 64), ""), "digest");
        await Refusal.ExpectAsync(StatusCode.NotFound, "COSTING_NOT_FOUND", () => DecideAsync(id, Decision.Approve, digest, ""));

        async Task DecideAsync(string costingId, Decision decision, string shownDigest, string reason) =>
            await sam.DecideCostingAsync(new DecideCostingRequest { Id = costingId, Decision = decision, Digest = shownDigest, Reason = reason });
    }

    [Fact]
    public async Task Proposal_and_decision_are_on_the_audit_log_with_who_authorized_it()
    {
        var costing = await ProposeAsync(await As(Tokens.Agent("audited")));
        await (await As(Tokens.Superuser())).DecideAsync(costing, Decision.Reject, "too dear");

        var entries = await platform.AuditOfAsync($"costing/{costing.Id}", atLeast: 2);
        Assert.Equal(["costing.propose", "costing.decide"], entries.Select(e => e.Operation));
        Assert.Equal([("agent:audited", ""), ("user:sam", "user:sam")], entries.Select(e => (e.Principal, e.AuthorizedBy)));
        Assert.All(entries, e => Assert.Equal(costing.Digest, e.Metadata.Fields["digest"].StringValue));
        Assert.Equal(("rejected", "too dear", "agent:audited"),
            (entries[1].Metadata.Fields["decision"].StringValue, entries[1].Metadata.Fields["reason"].StringValue, entries[1].Metadata.Fields["proposed_by"].StringValue));
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private async Task<Costing> ProposeAsync(Client agent)
    {
        await platform.SetPriceAsync(Sku, Zar(10));
        return await agent.ProposeAsync($"BK-{Guid.CreateVersion7()}", (Sku, 1_000), (Sku, 2_000));
    }
}
