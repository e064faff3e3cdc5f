using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.CostingCalls;
using Client = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;
using SessionClient = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class ProposalTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly string Unknown = Guid.CreateVersion7().ToString();

    [Fact]
    public async Task A_proposal_is_priced_line_by_line_and_waits_for_review()
    {
        await platform.SetPriceAsync("TENT", Zar(1));
        await platform.SetPriceAsync("TENT", Zar(1250, 500_000_000));
        await platform.SetPriceAsync("CHAIR", Zar(0, 50_000_000));
        var agent = await As(Tokens.Agent("pricer"));

        var costing = await agent.ProposeAsync("BK-PRICED", ("TENT", 1_500), ("CHAIR", 500), ("TENT", 2_000));

        Assert.Equal(CostingStatus.PendingReview, costing.Status);
        Assert.Equal(("pricer", "BK-PRICED", "", ""), (costing.AgentId, costing.BookingRef, costing.SessionId, costing.ReviewedBy));
        Assert.Equal([Zar(1875, 750_000_000), Zar(0, 20_000_000), Zar(2501)], costing.Lines.Select(l => l.Amount));
        Assert.Equal([2, 1, 2], costing.Lines.Select(l => l.PriceVersion));
        Assert.Equal(["A TENT", "A CHAIR", "A TENT"], costing.Lines.Select(l => l.Description));
        Assert.Equal(Zar(4376, 770_000_000), costing.Total);
        Assert.Equal(64, costing.Digest.Length);
        Assert.Null(costing.ReviewTime);
        Assert.Equal(costing, await agent.GetAsync(costing.Id));
    }

    [Fact]
    public async Task A_new_price_changes_no_costing_that_was_proposed()
    {
        var sam = await As(Tokens.Superuser());
        await platform.SetPriceAsync("RISES", Zar(10));
        var agent = await As(Tokens.Agent("early"));
        var costing = await agent.ProposeAsync("BK-EARLY", ("RISES", 1_000));
        await platform.SetPriceAsync("RISES", Zar(99));

        Assert.Equal(costing, await agent.GetAsync(costing.Id));
        Assert.Equal(Zar(10), (await sam.DecideAsync(costing, Decision.Approve)).Total);
    }

    [Fact]
    public async Task A_booking_has_one_pending_costing_and_after_the_decision_another()
    {
        await PriceAsync("PEND");
        var agent = await As(Tokens.Agent("first"));
        var costing = await agent.ProposeAsync("BK-PENDING", ("PEND", 1_000));

        await Refusal.ExpectAsync(StatusCode.AlreadyExists, "COSTING_PENDING", () => agent.ProposeAsync("BK-PENDING", ("PEND", 2_000)));
        var second = await As(Tokens.Agent("second"));
        await Refusal.ExpectAsync(StatusCode.AlreadyExists, "COSTING_PENDING", () => second.ProposeAsync("BK-PENDING", ("PEND", 2_000)));
        await (await As(Tokens.Superuser())).DecideAsync(costing, Decision.Reject, "too much");
        Assert.Equal(CostingStatus.PendingReview, (await second.ProposeAsync("BK-PENDING", ("PEND", 2_000))).Status);
    }

    [Fact]
    public async Task Of_many_proposals_for_a_booking_at_once_on_two_instances_one_is_taken()
    {
        await PriceAsync("RUSH");
        await using var other = await platform.StartAnotherAsync("costing");
        Client[] clients = [await As(Tokens.Agent("rush")), platform.Client<Client>(other.GrpcAddress, Tokens.Agent("rush"))];

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            try { await clients[i % 2].ProposeAsync("BK-RUSH", ("RUSH", 1_000)); return "taken"; }
            catch (RpcException e) { return Refusal.From(e).Reason; }
        }));

        Assert.Single(outcomes, "taken");
        Assert.All(outcomes.Where(o => o != "taken"), o => Assert.Equal("COSTING_PENDING", o));
        const string CountLines = "SELECT count(*) FROM costing.costing_lines JOIN costing.booking_costing c ON c.id = costing_id WHERE booking_ref = 'BK-RUSH'";
        Assert.Equal(1, (await platform.SqlAsync<long>(CountLines)).Single());
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_gets_the_same_costing()
    {
        await PriceAsync("AGAIN");
        var agent = await As(Tokens.Agent("again"));
        var request = Proposal("BK-AGAIN", ("AGAIN", 1_000));
        var first = await agent.ProposeCostingAsync(request, Key("propose-once"));

        var repeat = agent.ProposeCostingAsync(request, Key("propose-once"));
        Assert.Equal(first, await repeat);
        Assert.Equal("true", repeat.GetTrailers().GetValue("idempotency-replayed"));
        Assert.Single((await agent.ListCostingsAsync(new ListCostingsRequest { BookingRef = "BK-AGAIN" })).Costings);
    }

    [Fact]
    public async Task What_the_catalogue_does_not_have_is_named()
    {
        await PriceAsync("KNOWN");
        var agent = await As(Tokens.Agent("unpriced"));
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PRICE_NOT_FOUND",
            () => agent.ProposeAsync("BK-UNPRICED", ("KNOWN", 1_000), ("known", 1_000), ("NONE", 1_000), ("NONE", 1)));
        Assert.Equal("known, NONE", refusal.Facts["skus"]);
    }

    [Fact]
    public async Task A_costing_has_one_currency()
    {
        await platform.SetPriceAsync("MIX-ZAR", Zar(1));
        await platform.SetPriceAsync("MIX-USD", new() { CurrencyCode = "USD", Units = 1 });
        var agent = await As(Tokens.Agent("mixer"));
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "MIXED_CURRENCIES",
            () => agent.ProposeAsync("BK-MIX", ("MIX-ZAR", 1_000), ("MIX-USD", 1_000)));
        Assert.Contains("USD, ZAR", refusal.Message);
    }

    [Fact]
    public async Task A_total_beyond_all_measure_is_refused_and_the_largest_possible_kept()
    {
        await platform.SetPriceAsync("HUGE", Zar(9_999_999_999_999));
        var agent = await As(Tokens.Agent("huge"));

        foreach (var lines in new[] { [("HUGE", 1_001L)], [("HUGE", 500L), ("HUGE", 501)], Enumerable.Repeat(("HUGE", 1_000_000_000L), 200).ToArray() })
            await Refusal.ExpectFieldsAsync(() => agent.ProposeAsync("BK-HUGE", lines), "lines");
        var costing = await agent.ProposeAsync("BK-HUGE", ("HUGE", 1_000));
        Assert.Equal(Zar(9_999_999_999_999), (await agent.GetAsync(costing.Id)).Total);
    }

    [Fact]
    public async Task Two_hundred_lines_are_taken_and_no_more()
    {
        await PriceAsync("MANY");
        var agent = await As(Tokens.Agent("many"));
        var lines = Enumerable.Range(1, 200).Select(i => ("MANY", (long)i)).ToArray();

        var costing = await agent.ProposeAsync("BK-MANY", lines);
        Assert.Equal(lines.Select(l => l.Item2), (await agent.GetAsync(costing.Id)).Lines.Select(l => l.QuantityMilli));
        await Refusal.ExpectFieldsAsync(() => agent.ProposeAsync("BK-MORE", [.. lines, ("MANY", 1)]), "lines");
        await Refusal.ExpectFieldsAsync(() => agent.ProposeAsync("BK-NONE"), "lines");
    }

    [Theory]
    [InlineData("", 1_000, "BK", "lines[1].sku")]
    [InlineData("a b", 1_000, "BK", "lines[1].sku")]
    [InlineData("OK", 0, "BK", "lines[1].quantity_milli")]
    [InlineData("OK", -1, "BK", "lines[1].quantity_milli")]
    [InlineData("OK", 1_000_000_001, "BK", "lines[1].quantity_milli")]
    [InlineData("OK", long.MinValue, "BK", "lines[1].quantity_milli")]
    [InlineData("OK", 1_000, "", "booking_ref")]
    [InlineData("OK", 1_000, " BK", "booking_ref")]
    [InlineData("OK", 1_000, "B\nK", "booking_ref")]
    [InlineData("a/b", 0, "BK ", "lines[1].sku", "lines[1].quantity_milli", "booking_ref")]
    public async Task A_wrong_field_is_named(string sku, long quantityMilli, string booking, params string[] fields)
    {
        var agent = await As(Tokens.Agent("wrong"));
        await Refusal.ExpectFieldsAsync(() => agent.ProposeAsync(booking, ("OK", 1_000), (sku, quantityMilli)), fields);
    }

    [Fact]
    public async Task However_much_is_wrong_the_refusal_arrives()
    {
        var agent = await As(Tokens.Agent("hopeless"));
        var refusal = await Refusal.ExpectAsync(StatusCode.InvalidArgument, Errors.InvalidFieldReason,
            () => agent.ProposeAsync(new string('x', 129), Enumerable.Repeat(("not a sku", -1L), 20_000).ToArray()));
        Assert.Contains("booking_ref", refusal.Fields);
        Assert.Contains("lines", refusal.Fields);
        Assert.InRange(refusal.Fields.Count, 3, 20);
    }

    [Fact]
    public async Task A_session_of_ones_own_is_kept_with_the_costing()
    {
        await PriceAsync("SESSION");
        var sessions = await platform.ClientAsync<SessionClient>(Tokens.Agent("worker"));
        var session = (await sessions.CreateSessionAsync(new CreateSessionRequest { Role = "revenue" })).Session;
        var agent = await As(Tokens.Agent("worker"));

        var request = Proposal("BK-SESSION", ("SESSION", 1_000));
        request.SessionId = session.Id;
        var costing = (await agent.ProposeCostingAsync(request)).Costing;
        Assert.Equal(session.Id, costing.SessionId);
        Assert.Equal(costing, await agent.GetAsync(costing.Id));
    }

    [Fact]
    public async Task A_session_that_is_unknown_or_anothers_is_refused_alike()
    {
        await PriceAsync("STOLEN");
        var owner = await platform.ClientAsync<SessionClient>(Tokens.Agent("owner"));
        var anothers = (await owner.CreateSessionAsync(new CreateSessionRequest { Role = "revenue" })).Session.Id;
        var thief = await As(Tokens.Agent("thief"));

        foreach (var sessionId in new[] { anothers, Unknown, "42", "../x" })
        {
            var request = Proposal("BK-STOLEN", ("STOLEN", 1_000));
            request.SessionId = sessionId;
            await Refusal.ExpectFieldsAsync(async () => await thief.ProposeCostingAsync(request), "session_id");
        }
        Assert.Empty((await thief.ListCostingsAsync(new ListCostingsRequest())).Costings);
    }

    [Fact]
    public async Task Another_agents_costing_is_as_if_it_were_not_there()
    {
        await PriceAsync("MINE");
        var costing = await (await As(Tokens.Agent("mine"))).ProposeAsync("BK-MINE", ("MINE", 1_000));
        var spy = await As(Tokens.Agent("spy"));

        var real = await Refusal.ExpectAsync(StatusCode.NotFound, "COSTING_NOT_FOUND", () => spy.GetAsync(costing.Id));
        var unreal = await Refusal.ExpectAsync(StatusCode.NotFound, "COSTING_NOT_FOUND", () => spy.GetAsync(Unknown));
        Assert.Equal(unreal.Message.Replace(Unknown, costing.Id), real.Message);
        Assert.Empty((await spy.ListCostingsAsync(new ListCostingsRequest { BookingRef = "BK-MINE" })).Costings);
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await spy.ListCostingsAsync(new ListCostingsRequest { AgentId = "mine" }));
        await Refusal.ExpectFieldsAsync(() => spy.GetAsync("42"), "id");
        foreach (var token in new[] { Tokens.Operator(), Tokens.Superuser(), Tokens.Auditor() })
            Assert.Equal(costing, await (await As(token)).GetAsync(costing.Id));
    }

    [Fact]
    public async Task A_list_shows_every_costing_once_newest_first_without_lines()
    {
        await PriceAsync("LIST");
        var agent = await As(Tokens.Agent("lister"));
        var proposed = new List<Costing>();
        for (var i = 0; i < 5; i++)
            proposed.Add(await agent.ProposeAsync($"BK-LIST-{i}", ("LIST", 1_000)));

        var seen = new List<Costing>();
        var token = "";
        do
        {
            var page = await agent.ListCostingsAsync(new ListCostingsRequest { PageSize = 2, PageToken = token });
            seen.AddRange(page.Costings);
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        foreach (var costing in proposed)
            costing.Lines.Clear();
        Assert.Equal(proposed.OrderByDescending(c => c.Id, StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task A_list_filters_by_state_booking_and_agent()
    {
        await PriceAsync("FILTER");
        var agent = await As(Tokens.Agent("filter"));
        var decided = await agent.ProposeAsync("BK-FILTER", ("FILTER", 1_000));
        await (await As(Tokens.Superuser())).DecideAsync(decided, Decision.Approve);
        var pending = await agent.ProposeAsync("BK-FILTER", ("FILTER", 2_000));
        await agent.ProposeAsync("BK-FILTER-2", ("FILTER", 1_000));
        var person = await As(Tokens.Operator());

        Assert.Equal([pending.Id], await IdsAsync(person, new() { AgentId = "filter", BookingRef = "BK-FILTER", Status = CostingStatus.PendingReview }));
        Assert.Equal([decided.Id], await IdsAsync(person, new() { AgentId = "filter", Status = CostingStatus.Approved }));
        Assert.Equal(3, (await IdsAsync(person, new() { AgentId = "filter" })).Count);
        Assert.Empty(await IdsAsync(person, new() { AgentId = "filter", Status = CostingStatus.Rejected }));
        await Refusal.ExpectFieldsAsync(() => IdsAsync(person, new() { AgentId = "No Agent", Status = (CostingStatus)99, BookingRef = " " }), "agent_id", "status", "booking_ref");
    }

    [Fact]
    public async Task Only_an_agent_proposes()
    {
        foreach (var token in new[] { Tokens.Operator(), Tokens.Superuser(), Tokens.Auditor() })
        {
            var client = await As(token);
            await Refusal.ExpectAsync(StatusCode.PermissionDenied, "ROLE_MISSING", () => client.ProposeAsync("BK-PERSON", ("OK", 1_000)));
        }
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private async Task PriceAsync(string sku) => await platform.SetPriceAsync(sku, Zar(10));

    private static async Task<List<string>> IdsAsync(Client client, ListCostingsRequest request) =>
        [.. (await client.ListCostingsAsync(request)).Costings.Select(c => c.Id)];
}
