using AgentPlatform.Contracts.Costing.V1;
using Client = AgentPlatform.Contracts.Costing.V1.PriceListService.PriceListServiceClient;

namespace AgentPlatform.Tests.Costings;

/// <summary>Calls of price lists in as few words as a test can bear.</summary>
internal static class PriceListCalls
{
    public static ProposedPrice Line(string sku, long units, string from = "", string to = "") =>
        new() { Sku = sku, Description = $"A {sku}", Unit = "day", UnitPrice = CostingCalls.Zar(units), ValidFrom = from, ValidTo = to };

    public static ProposePriceListRequest Request(params ProposedPrice[] lines) => new() { Source = "prices/2026.xlsx", Reason = "new season", Lines = { lines } };

    /// <summary>A list of these SKUs at ten each.</summary>
    public static ProposePriceListRequest Request(params string[] skus) => Request([.. skus.Select(sku => Line(sku, 10))]);

    public static async Task<PriceList> ProposeAsync(this Client client, params ProposedPrice[] lines) => (await client.ProposePriceListAsync(Request(lines))).PriceList;

    public static DecidePriceListRequest Approval(PriceList list) => new() { Id = list.Id, Decision = Decision.Approve, Digest = list.Digest };

    public static async Task<PriceList> ApproveAsync(this Client client, PriceList list) => (await client.DecidePriceListAsync(Approval(list))).PriceList;

    /// <summary>All lines of a list, read page by page.</summary>
    public static async Task<List<PriceListLine>> LinesAsync(this Client client, PriceList list, PriceChange change = PriceChange.Unspecified, int pageSize = 500)
    {
        var lines = new List<PriceListLine>();
        var request = new ListPriceListLinesRequest { Id = list.Id, Change = change, PageSize = pageSize };
        do
        {
            var page = await client.ListPriceListLinesAsync(request);
            lines.AddRange(page.Lines);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return lines;
    }

    /// <summary>An approval of a new list.</summary>
    public static async Task<DecidePriceListRequest> DecisionAsync(Platform platform, params string[] skus)
    {
        var person = await platform.ClientAsync<Client>(Tokens.Operator("lister"));
        return Approval((await person.ProposePriceListAsync(Request(skus))).PriceList);
    }
}
