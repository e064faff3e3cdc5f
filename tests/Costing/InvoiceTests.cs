using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.CostingCalls;
using Client = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class InvoiceTests(Platform platform) : IClassFixture<Platform>
{
    private const string Sku = "INVOICED";
    private const string Numbers = "SELECT invoice_sequence FROM costing.booking_costing WHERE invoice_year = $1 ORDER BY 1";

    [Fact]
    public async Task An_approved_costing_gets_the_next_number_of_the_year()
    {
        var agent = await As(Tokens.Agent("biller"));
        var costing = await ApprovedAsync(agent);

        var invoiced = (await agent.MarkInvoicedAsync(new MarkInvoicedRequest { Id = costing.Id })).Costing;

        Assert.Equal((CostingStatus.Invoiced, "agent:biller"), (invoiced.Status, invoiced.InvoicedBy));
        Assert.Matches($"^{platform.Clock.GetUtcNow().Year}-[0-9]{{6}}$", invoiced.InvoiceNumber);
        Assert.True(invoiced.InvoiceTime >= invoiced.ReviewTime);
        Assert.Equal(invoiced, await agent.GetAsync(costing.Id));
        var entry = (await platform.AuditOfAsync($"costing/{costing.Id}", atLeast: 3))[2];
        Assert.Equal(("costing.invoice", "agent:biller", "user:decider", invoiced.InvoiceNumber),
            (entry.Operation, entry.Principal, entry.AuthorizedBy, entry.Metadata.Fields["invoice_number"].StringValue));
    }

    [Fact]
    public async Task Only_what_is_approved_is_invoiced_and_once()
    {
        var agent = await As(Tokens.Agent("hasty"));
        var pending = await ProposeAsync(agent);
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_APPROVED", () => InvoiceAsync(agent, pending));
        Assert.Equal("pending_review", refusal.Facts["status"]);
        var decider = await As(Tokens.Superuser("decider"));
        await decider.DecideAsync(pending, Decision.Reject, "no");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_APPROVED", () => InvoiceAsync(agent, pending));

        var approved = await ApprovedAsync(agent);
        var invoiced = await InvoiceAsync(agent, approved);
        refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ALREADY_INVOICED", () => InvoiceAsync(agent, approved));
        Assert.Equal(invoiced.InvoiceNumber, refusal.Facts["invoice_number"]);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ALREADY_DECIDED", () => decider.DecideAsync(invoiced, Decision.Reject, "too late"));
        var entries = await platform.AuditOfAsync($"costing/{pending.Id}", atLeast: 4);
        Assert.Equal(2, entries.Count(e => e is { Operation: "costing.invoice", Outcome: Contracts.Audit.V1.Outcome.Denied }));
    }

    [Fact]
    public async Task What_was_changed_behind_the_service_is_not_invoiced()
    {
        var agent = await As(Tokens.Agent("tampered"));
        var costing = await ApprovedAsync(agent);
        await platform.SqlAsync<int>("UPDATE costing.costing_lines SET quantity_milli = quantity_milli + 1 WHERE costing_id = $1 RETURNING 1", Guid.Parse(costing.Id));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", () => InvoiceAsync(agent, costing));
    }

    [Fact]
    public async Task Another_agents_costing_is_not_there_to_be_invoiced()
    {
        var costing = await ApprovedAsync(await As(Tokens.Agent("owner")));
        await Refusal.ExpectAsync(StatusCode.NotFound, "COSTING_NOT_FOUND", async () => await InvoiceAsync(await As(Tokens.Agent("thief")), costing));
        Assert.Equal("user:olga", (await InvoiceAsync(await As(Tokens.Operator()), costing)).InvoicedBy);
    }

    [Fact]
    public async Task Numbers_of_a_year_have_no_gap_whoever_asks_at_once_and_whatever_fails_in_between()
    {
        await using var other = await platform.StartAnotherAsync("costing");
        var agent = await As(Tokens.Agent("many"));
        Client[] clients = [agent, platform.Client<Client>(other.GrpcAddress, Tokens.Agent("many"))];
        var costings = new List<Costing>();
        for (var i = 0; i < 30; i++)
            costings.Add(i % 3 == 0 ? await ProposeAsync(agent) : await ApprovedAsync(agent));

        // Each of them twice, some of them not approved, and some callers gone before they have an answer.
        await Task.WhenAll(costings.Concat(costings).Select(async (costing, i) =>
        {
            using var leaving = new CancellationTokenSource();
            var call = clients[i % 2].MarkInvoicedAsync(new MarkInvoicedRequest { Id = costing.Id }, cancellationToken: leaving.Token);
            if (i % 5 == 0)
                await leaving.CancelAsync();
            try { await call; }
            catch (RpcException e) { Assert.Contains(e.StatusCode, new[] { StatusCode.FailedPrecondition, StatusCode.Cancelled }); }
        }));
        foreach (var costing in costings.Where((_, i) => i % 3 != 0))
        {
            try { await InvoiceAsync(agent, costing); }
            catch (RpcException e) { Assert.Equal("ALREADY_INVOICED", Refusal.From(e).Reason); }
        }

        var numbers = await platform.SqlAsync<int>(Numbers, platform.Clock.GetUtcNow().Year);
        Assert.Equal(Enumerable.Range(1, numbers.Count), numbers);
        Assert.True(numbers.Count >= 20);
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_gets_the_same_number()
    {
        var agent = await As(Tokens.Agent("repeater"));
        var request = new MarkInvoicedRequest { Id = (await ApprovedAsync(agent)).Id };
        var first = await agent.MarkInvoicedAsync(request, Key("invoice-once"));
        Assert.Equal(first, await agent.MarkInvoicedAsync(request, Key("invoice-once")));
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private async Task<Costing> ProposeAsync(Client agent)
    {
        await platform.SetPriceAsync(Sku, Zar(10));
        return await agent.ProposeAsync($"BK-{Guid.CreateVersion7()}", (Sku, 1_000));
    }

    private async Task<Costing> ApprovedAsync(Client agent) =>
        await (await As(Tokens.Superuser("decider"))).DecideAsync(await ProposeAsync(agent), Decision.Approve);

    private static async Task<Costing> InvoiceAsync(Client client, Costing costing) => (await client.MarkInvoicedAsync(new MarkInvoicedRequest { Id = costing.Id })).Costing;
}
