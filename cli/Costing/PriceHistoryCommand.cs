using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price history</c>: all that the price of a SKU ever was.</summary>
public static class PriceHistoryCommand
{
    public static Command Create()
    {
        var sku = new Argument<string>("SKU") { Description = "What is sold" };
        var json = new Option<bool>("--json") { Description = "Each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("history", "Lists all versions of a price, the newest first.") { sku, limit, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var versions = await Pages.ReadAsync(parsed.GetValue(limit), async (size, token) =>
            {
                var page = await connection.Caller.Prices.ListPriceVersionsAsync(
                    new ListPriceVersionsRequest { Sku = parsed.GetValue(sku)!, PageSize = size, PageToken = token }, cancellationToken: cancellation);
                return ((IEnumerable<Price>)page.Prices, page.NextPageToken);
            });
            CostingText.Show(versions, parsed.GetValue(json), "prices", CostingText.Table);
            return ExitCode.Ok;
        });
        return command;
    }
}
