using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price diff</c>: what a price list would change.</summary>
public static class PriceDiffCommand
{
    public static Command Create()
    {
        var id = PriceCommand.NewListArgument();
        var all = new Option<bool>("--all") { Description = "Lines that change nothing as well" };
        var json = new Option<bool>("--json") { Description = "Each line of the list as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("diff", "Shows what a price list would change.") { id, all, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var lines = await ReadAsync(connection.Caller, parsed.GetValue(id)!, cancellation);
            CostingText.Show(parsed.GetValue(all) ? lines : Changes(lines), parsed.GetValue(json), "changes", CostingText.Table);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>All lines of a list.</summary>
    public static Task<List<PriceListLine>> ReadAsync(GatewayCaller caller, string id, CancellationToken cancellation) => Pages.ReadAsync(int.MaxValue, async (size, token) =>
    {
        var page = await caller.PriceLists.ListPriceListLinesAsync(new ListPriceListLinesRequest { Id = id, PageSize = size, PageToken = token }, cancellationToken: cancellation);
        return ((IEnumerable<PriceListLine>)page.Lines, page.NextPageToken);
    });

    /// <summary>Those of them that change something.</summary>
    public static List<PriceListLine> Changes(IEnumerable<PriceListLine> lines) => [.. lines.Where(l => l.Change != PriceChange.Unchanged)];
}
