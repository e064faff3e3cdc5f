using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price lists</c>: price lists that wait, or were.</summary>
public static class PriceListsCommand
{
    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "Those that are decided as well" };
        var json = new Option<bool>("--json") { Description = "Each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("lists", "Lists price lists that wait for a decision, newest first.") { all, limit, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var status = parsed.GetValue(all) ? PriceListStatus.Unspecified : PriceListStatus.PriceListPending;
            var lists = await Pages.ReadAsync(parsed.GetValue(limit), async (size, token) =>
            {
                var page = await connection.Caller.PriceLists.ListPriceListsAsync(
                    new ListPriceListsRequest { Status = status, PageSize = size, PageToken = token }, cancellationToken: cancellation);
                return ((IEnumerable<PriceList>)page.PriceLists, page.NextPageToken);
            });
            CostingText.Show(lists, parsed.GetValue(json), "price lists", CostingText.Table);
            return ExitCode.Ok;
        });
        return command;
    }
}
