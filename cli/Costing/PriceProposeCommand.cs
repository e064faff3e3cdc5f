using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;
using Workbook = AgentPlatform.Cli.Demo.PriceList;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price propose</c>: a workbook's prices as a list that waits for a superuser.</summary>
public static class PriceProposeCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "A workbook (.xlsx) with the headings SKU, Description, Unit and \"Price (ZAR)\", or another currency, in its first row" };
        file.AcceptExistingOnly();
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the record", Required = true };
        var from = new Option<string>("--from") { HelpName = "DAY", Description = "The first day that the prices cover. Unless given: today" };
        var to = new Option<string>("--to") { HelpName = "DAY", Description = "The last day that they cover. Unless given, there is none" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("propose", "Proposes the prices of a workbook; a superuser sees what they would change, and decides on all of them.") { file, reason, from, to, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            var rows = Workbook.Read(await File.ReadAllBytesAsync(parsed.GetValue(file)!.FullName, cancellation));
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var request = new ProposePriceListRequest
            {
                Source = parsed.GetValue(file)!.Name,
                Reason = parsed.GetValue(reason)!,
                Lines =
                {
                    rows.Select(row => new ProposedPrice
                    {
                        Sku = row.Sku,
                        Description = row.Description,
                        Unit = row.Unit,
                        UnitPrice = row.Price,
                        ValidFrom = parsed.GetValue(from) ?? "",
                        ValidTo = parsed.GetValue(to) ?? "",
                    }),
                },
            };
            var list = (await connection.Caller.PriceLists.ProposePriceListAsync(request, CallKey.New(), cancellationToken: cancellation)).PriceList;
            Console.Out.WriteLine($"Price list {list.Id} waits: {list.LinesCount} lines, {list.NewCount} new, {list.ChangedCount} changed.");
            return ExitCode.Ok;
        });
        return command;
    }
}
