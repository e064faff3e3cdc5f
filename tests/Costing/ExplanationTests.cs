using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.CostingCalls;
using Client = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;

namespace AgentPlatform.Tests.Costings;

/// <summary>Lines with days, discounts and tax, and how they are told.</summary>
public sealed class ExplanationTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public ExplanationTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["costing"] = new() { ["Costing:TaxPercent"] = "15" };
    }

    [Fact]
    public async Task A_line_is_priced_on_its_day_less_its_discount_and_taxed()
    {
        await SetAsync("TENT", Zar(1250, 500_000_000), "2026-01-01");
        await SetAsync("TENT", Zar(2000), "2026-07-01", "2026-08-31");
        var agent = await As(Tokens.Agent("pricer"));

        var costing = await ProposeAsync(agent, "BK-1", Line(1_500, "2026-06-30", 1_000), Line(1_000, "2026-07-15"), Line(1_000, "2026-07-15", 10_000));

        // 1.5 × 1250.50 × 0.9 = 1688.175, a tie: to the even cent. Its tax is 253.227.
        Assert.Equal([Zar(1688, 180_000_000), Zar(2000), Zar(0)], costing.Lines.Select(l => l.Amount));
        Assert.Equal([Zar(253, 230_000_000), Zar(300), Zar(0)], costing.Lines.Select(l => l.Tax));
        Assert.Equal([1, 2, 2], costing.Lines.Select(l => l.PriceVersion));
        Assert.Equal(["2026-06-30", "2026-07-15", "2026-07-15"], costing.Lines.Select(l => l.Date));
        Assert.Equal((Zar(3688, 180_000_000), Zar(553, 230_000_000), Zar(4241, 410_000_000), 15_000),
            (costing.NetTotal, costing.TaxTotal, costing.Total, costing.TaxMillipercent));
        Assert.Equal(costing, await agent.GetAsync(costing.Id));
    }

    [Fact]
    public async Task Each_step_from_the_price_to_the_total_is_told_exactly()
    {
        var price = await _platform.SetPriceAsync("TOLD", Zar(1250, 500_000_000));
        var agent = await As(Tokens.Agent("teller"));
        var request = Proposal("BK-2", ("TOLD", 1_500));
        request.Lines[0].DiscountBasisPoints = 1_000;
        var costing = (await agent.ProposeCostingAsync(request)).Costing;

        var told = await agent.ExplainCostingAsync(new ExplainCostingRequest { Id = costing.Id });

        Assert.Equal(costing, told.Costing);
        var line = Assert.Single(told.Lines);
        Assert.Equal((1, costing.Lines[0], price, price.Version), (line.Number, line.Line, line.Price, line.VersionInForce));
        Assert.Equal(
            ["1.5 day × ZAR 1250.50 = ZAR 1875.75", "less 10 % = ZAR 1688.175", "rounded half-even to ZAR 1688.18",
                "tax of 15 % = ZAR 253.227, rounded half-even to ZAR 253.23"],
            line.Steps);
        Assert.Equal(["amounts of 1 lines = ZAR 1688.18", "taxes of 1 lines = ZAR 253.23", "ZAR 1688.18 + ZAR 253.23 = ZAR 1941.41"], told.Steps);

        await _platform.SetPriceAsync("TOLD", Zar(1));
        told = await agent.ExplainCostingAsync(new ExplainCostingRequest { Id = costing.Id });
        Assert.Equal((price, price.Version + 1), (told.Lines[0].Price, told.Lines[0].VersionInForce));
        await Refusal.ExpectAsync(StatusCode.NotFound, "COSTING_NOT_FOUND",
            async () => await (await As(Tokens.Agent("spy"))).ExplainCostingAsync(new ExplainCostingRequest { Id = costing.Id }));
    }

    [Fact]
    public async Task A_day_without_a_price_is_refused_and_so_are_days_and_discounts_that_make_no_sense()
    {
        await SetAsync("SUMMER", Zar(10), "2026-06-01", "2026-08-31");
        var agent = await As(Tokens.Agent("wrong"));

        foreach (var day in new[] { "2026-05-31", "2026-09-01" })
            await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PRICE_NOT_FOUND", () => ProposeAsync(agent, "BK-3", new ProposedLine { Sku = "SUMMER", QuantityMilli = 1, Date = day }));
        await Refusal.ExpectFieldsAsync(() => ProposeAsync(agent, "BK-3", Line(1, "2026-13-01"), Line(1, "", -1), Line(1, "", 10_001)),
            "lines[0].date", "lines[1].discount_basis_points", "lines[2].discount_basis_points");
    }

    private Task<Client> As(string token) => _platform.ClientAsync<Client>(token);

    private static ProposedLine Line(long quantityMilli, string day, int discountBasisPoints = 0) =>
        new() { Sku = "TENT", QuantityMilli = quantityMilli, Date = day, DiscountBasisPoints = discountBasisPoints };

    private static async Task<Costing> ProposeAsync(Client agent, string booking, params ProposedLine[] lines) =>
        (await agent.ProposeCostingAsync(new ProposeCostingRequest { BookingRef = booking, Lines = { lines } })).Costing;

    private async Task SetAsync(string sku, Contracts.Type.V1.Money price, string from, string to = "")
    {
        var request = PriceOf(sku, price);
        (request.ValidFrom, request.ValidTo) = (from, to);
        await (await _platform.ClientAsync<PriceService.PriceServiceClient>(Tokens.Superuser())).SetPriceAsync(request);
    }
}
