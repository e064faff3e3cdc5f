using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price list</c>: the prices in force on a day.</summary>
public static class PriceListPricesCommand
{
    public static Command Create()
    {
        var date = new Option<string>("--date") { HelpName = "DAY", Description = "Prices of this day, for example 2026-04-01. Unless given: today" };
        var category = new Option<string>("--category") { HelpName = "NAME", Description = "Only prices of this category" };
        var json = new Option<bool>("--json") { Description = "Each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("list", "Lists the prices in force on a day, by SKU.") { date, category, limit, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var request = new ListPricesRequest { Date = parsed.GetValue(date) ?? "", Category = parsed.GetValue(category) ?? "" };
            var prices = await Pages.ReadAsync(parsed.GetValue(limit), async (size, token) =>
            {
                var page = await connection.Caller.Prices.ListPricesAsync(new(request) { PageSize = size, PageToken = token }, cancellationToken: cancellation);
                return ((IEnumerable<Price>)page.Prices, page.NextPageToken);
            });
            CostingText.Show(prices, parsed.GetValue(json), "prices", CostingText.Table);
            return ExitCode.Ok;
        });
        return command;
    }
}
