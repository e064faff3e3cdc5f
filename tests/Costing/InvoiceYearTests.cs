using AgentPlatform.Contracts.Costing.V1;
using static AgentPlatform.Tests.Costings.CostingCalls;
using Client = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;

namespace AgentPlatform.Tests.Costings;

/// <summary>The organisation's days and years, in a time zone that is far ahead of UTC.</summary>
public sealed class InvoiceYearTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public InvoiceYearTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["costing"] = new() { ["Costing:TimeZone"] = "Pacific/Kiritimati", ["Costing:TaxPercent"] = "15" };
    }

    [Fact]
    public async Task The_year_begins_where_the_organisation_is_and_each_counts_from_one()
    {
        // Fourteen hours ahead: 31 December, noon in UTC, is 1 January there.
        var year = _platform.Clock.GetUtcNow().Year;
        _platform.Clock.Advance(new DateTimeOffset(year, 12, 31, 9, 0, 0, TimeSpan.Zero) - _platform.Clock.GetUtcNow());
        Assert.Equal([$"{year}-000001", $"{year}-000002"], [await InvoiceAsync(), await InvoiceAsync()]);
        _platform.Clock.Advance(TimeSpan.FromHours(3));
        Assert.Equal([$"{year + 1}-000001"], [await InvoiceAsync()]);
    }

    private async Task<string> InvoiceAsync()
    {
        await _platform.SetPriceAsync("YEAR", Zar(10));
        var agent = await _platform.ClientAsync<Client>(Tokens.Agent("yearly"));
        var costing = await agent.ProposeAsync($"BK-{Guid.CreateVersion7()}", ("YEAR", 1_000));
        Assert.Equal(Zar(11, 500_000_000), costing.Total);
        await (await _platform.ClientAsync<Client>(Tokens.Superuser())).DecideAsync(costing, Decision.Approve);
        return (await agent.MarkInvoicedAsync(new MarkInvoicedRequest { Id = costing.Id })).Costing.InvoiceNumber;
    }
}
