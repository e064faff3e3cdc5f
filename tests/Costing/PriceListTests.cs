using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.CostingCalls;
using static AgentPlatform.Tests.Costings.PriceListCalls;
using Client = AgentPlatform.Contracts.Costing.V1.PriceListService.PriceListServiceClient;
using Prices = AgentPlatform.Contracts.Costing.V1.PriceService.PriceServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class PriceListTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_list_says_what_it_would_change_and_changes_nothing_before_it_is_approved()
    {
        await platform.SetPriceAsync("SAME", Zar(10));
        var before = await platform.SetPriceAsync("DEARER", Zar(20));
        var olga = await As(Tokens.Operator());

        var list = await olga.ProposeAsync(Line("SAME", 10), Line("DEARER", 25), Line("FIRST", 5));

        Assert.Equal((3, 1, 1, PriceListStatus.PriceListPending), (list.LinesCount, list.NewCount, list.ChangedCount, list.Status));
        var lines = await olga.LinesAsync(list);
        Assert.Equal([PriceChange.Unchanged, PriceChange.Changed, PriceChange.New], lines.Select(l => l.Change));
        Assert.Equal([1, 2, 3], lines.Select(l => l.Number));
        Assert.Equal(before, lines[1].Previous);
        Assert.Equal((Zar(25), null), (lines[1].Proposed.UnitPrice, lines[2].Previous));
        Assert.Equal([lines[1]], await olga.LinesAsync(list, PriceChange.Changed));
        Assert.Equal(lines, await olga.LinesAsync(list, pageSize: 1));
        Assert.Equal(Zar(20), (await PriceAsync("DEARER")).UnitPrice);
        Assert.Equal(list, (await olga.GetPriceListAsync(new GetPriceListRequest { Id = list.Id })).PriceList);
    }

    [Fact]
    public async Task An_approved_list_sets_all_that_it_changes_at_once()
    {
        await platform.SetPriceAsync("KEPT", Zar(10));
        await platform.SetPriceAsync("RAISED", Zar(20));
        var list = await (await As(Tokens.Operator())).ProposeAsync(Line("KEPT", 10), Line("RAISED", 25, "2027-01-01", "2027-12-31"), Line("ADDED", 5));

        var approved = await (await As(Tokens.Superuser())).ApproveAsync(list);

        Assert.Equal((PriceListStatus.PriceListApproved, "user:sam"), (approved.Status, approved.ReviewedBy));
        Assert.Equal((1, 1), ((await PriceAsync("KEPT")).Version, (await PriceAsync("ADDED")).Version));
        Assert.Equal(Zar(20), (await PriceAsync("RAISED")).UnitPrice);
        var raised = await PriceAsync("RAISED", "2027-06-01");
        Assert.Equal((Zar(25), 2, "user:sam", "new season", list.Id, "2027-12-31"),
            (raised.UnitPrice, raised.Version, raised.SetBy, raised.Reason, raised.PriceListId, raised.ValidTo));
        var entries = await platform.AuditOfAsync($"price_list/{list.Id}", atLeast: 2);
        Assert.Equal([("price_list.propose", ""), ("price_list.decide", "user:sam")], entries.Select(e => (e.Operation, e.AuthorizedBy)));
        Assert.All(entries, e => Assert.Equal(list.Digest, e.Metadata.Fields["digest"].StringValue));
    }

    [Fact]
    public async Task A_rejected_list_sets_nothing()
    {
        var list = await (await As(Tokens.Operator())).ProposeAsync(Line("UNWANTED", 10));
        var sam = await As(Tokens.Superuser());
        await Refusal.ExpectFieldsAsync(async () => await sam.DecidePriceListAsync(new(Approval(list)) { Decision = Decision.Reject }), "reason");
        var rejected = (await sam.DecidePriceListAsync(new(Approval(list)) { Decision = Decision.Reject, Reason = "too dear" })).PriceList;
        Assert.Equal((PriceListStatus.PriceListRejected, "too dear"), (rejected.Status, rejected.ReviewReason));
        await Refusal.ExpectAsync(StatusCode.NotFound, "PRICE_NOT_FOUND", () => PriceAsync("UNWANTED"));
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ALREADY_DECIDED", () => sam.ApproveAsync(list));
        Assert.Equal(("user:sam", "rejected"), (refusal.Facts["reviewed_by"], refusal.Facts["status"]));
    }

    [Fact]
    public async Task A_list_whose_comparison_no_longer_holds_is_refused_whole()
    {
        await platform.SetPriceAsync("MOVING", Zar(10));
        var list = await (await As(Tokens.Operator())).ProposeAsync(Line("STEADY", 5), Line("MOVING", 10));
        await platform.SetPriceAsync("MOVING", Zar(11));

        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PRICE_LIST_STALE", async () => await (await As(Tokens.Superuser())).ApproveAsync(list));
        Assert.Equal("MOVING", refusal.Facts["skus"]);
        await Refusal.ExpectAsync(StatusCode.NotFound, "PRICE_NOT_FOUND", () => PriceAsync("STEADY"));
        var entries = await platform.AuditOfAsync($"price_list/{list.Id}", atLeast: 2);
        Assert.Equal(Contracts.Audit.V1.Outcome.Denied, entries[1].Outcome);
    }

    [Fact]
    public async Task Of_two_lists_that_change_the_same_prices_at_once_on_two_instances_one_is_approved()
    {
        await using var other = await platform.StartAnotherAsync("costing");
        var olga = await As(Tokens.Operator());
        string[] skus = [.. Enumerable.Range(0, 50).Select(i => $"CONTESTED-{i}")];
        var one = (await olga.ProposePriceListAsync(Request(skus))).PriceList;
        var two = (await olga.ProposePriceListAsync(Request([.. skus.Reverse()]))).PriceList;
        Client[] deciders = [await As(Tokens.Superuser()), platform.Client<Client>(other.GrpcAddress, Tokens.Superuser("sue"))];

        var outcomes = await Task.WhenAll(new[] { one, two }.Select(async (list, i) =>
        {
            try { await deciders[i].ApproveAsync(list); return "approved"; }
            catch (RpcException e) { return Refusal.From(e).Reason; }
        }));

        Assert.Equal(["PRICE_LIST_STALE", "approved"], outcomes.Order(StringComparer.Ordinal));
        Assert.Equal([50L], await platform.SqlAsync<long>("SELECT count(*) FROM costing.pricing_catalog WHERE sku LIKE 'CONTESTED-%'"));
    }

    [Fact]
    public async Task Who_proposed_a_list_does_not_decide_it_nor_does_anybody_on_another_digest()
    {
        var sam = await As(Tokens.Superuser());
        var list = await sam.ProposeAsync(Line("OWN", 1));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "PROPOSER_MAY_NOT_DECIDE", () => sam.ApproveAsync(list));
        var sue = await As(Tokens.Superuser("sue"));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", async () => await sue.DecidePriceListAsync(new(Approval(list)) { Digest = new string('0', 64) }));
        await platform.SqlAsync<int>("UPDATE costing.price_list_lines SET unit_price = unit_price + 1 WHERE price_list_id = $1 RETURNING 1", Guid.Parse(list.Id));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", () => sue.ApproveAsync(list));
        await Refusal.ExpectAsync(StatusCode.NotFound, "PRICE_NOT_FOUND", () => PriceAsync("OWN"));
    }

    [Fact]
    public async Task The_largest_list_is_taken_and_approved()
    {
        var lines = Enumerable.Range(0, 5_000).Select(i => Line($"LARGE-{i}", i)).ToArray();
        var olga = await As(Tokens.Operator());
        var list = await olga.ProposeAsync(lines);
        Assert.Equal(5_000, (await olga.LinesAsync(list)).Count);
        await (await As(Tokens.Superuser())).ApproveAsync(list);
        Assert.Equal(Zar(4_999), (await PriceAsync("LARGE-4999")).UnitPrice);
        await Refusal.ExpectFieldsAsync(() => olga.ProposeAsync([.. lines, Line("ONE-MORE", 1)]), "lines");
    }

    [Fact]
    public async Task What_is_wrong_is_named_by_its_line()
    {
        var olga = await As(Tokens.Operator());
        await Refusal.ExpectFieldsAsync(async () => await olga.ProposePriceListAsync(new ProposePriceListRequest()), "source", "reason", "lines");
        await Refusal.ExpectFieldsAsync(() => olga.ProposeAsync(Line("OK", 1), Line("not ok", -1, "x")), "lines[1].sku", "lines[1].unit_price", "lines[1].valid_from");
        await Refusal.ExpectFieldsAsync(() => olga.ProposeAsync(Line("OK", 1), Line("OK", 2)), "lines[1].sku");
    }

    [Fact]
    public async Task An_agent_proposes_and_sees_its_own_lists_alone()
    {
        var agent = await As(Tokens.Agent("price-reader"));
        var own = await agent.ProposeAsync(Line("FROM-AGENT", 1));
        var another = await (await As(Tokens.Agent("other-reader"))).ProposeAsync(Line("FROM-OTHER", 1));

        Assert.Equal("price-reader", own.AgentId);
        Assert.Equal([own], (await agent.ListPriceListsAsync(new ListPriceListsRequest())).PriceLists);
        await Refusal.ExpectAsync(StatusCode.NotFound, "PRICE_LIST_NOT_FOUND", async () => await agent.GetPriceListAsync(new GetPriceListRequest { Id = another.Id }));
        await Refusal.ExpectAsync(StatusCode.NotFound, "PRICE_LIST_NOT_FOUND", () => agent.LinesAsync(another));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "ROLE_MISSING", () => agent.ApproveAsync(own));
        var pending = (await (await As(Tokens.Operator())).ListPriceListsAsync(new ListPriceListsRequest { Status = PriceListStatus.PriceListPending })).PriceLists;
        Assert.Subset(pending.Select(l => l.Id).ToHashSet(), new HashSet<string> { own.Id, another.Id });
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private async Task<Price> PriceAsync(string sku, string date = "") =>
        (await (await platform.ClientAsync<Prices>(Tokens.Auditor())).GetPriceAsync(new GetPriceRequest { Sku = sku, Date = date })).Price;
}
