using System.CommandLine;
using AgentPlatform.Cli.Vault;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price import</c>: the prices of a file in the vault as a list that waits for a superuser.</summary>
public static class PriceImportCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "The file in the vault (.xlsx, .csv, .xml), with headings such as SKU, Description, Unit and \"Price (ZAR)\"" };
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the record", Required = true };
        var currency = new Option<string>("--currency") { HelpName = "CODE", Description = "Of prices for which the file names none" };
        var from = new Option<string>("--from") { HelpName = "DAY", Description = "The first day of prices for which the file names none. Unless given: today" };
        var to = new Option<string>("--to") { HelpName = "DAY", Description = "The last day of prices for which the file names none. Unless given, there is none" };
        var options = new TableOptions();
        var command = new Command("import", "Proposes the prices of a file in the vault, and shows what they would change; a superuser decides on all of them.")
        {
            path, reason, currency, from, to,
        };
        return options.AddTo(command).Calls((caller, parsed) => RunAsync(caller, new ImportPriceListRequest
        {
            Path = parsed.GetValue(path)!,
            Reason = parsed.GetValue(reason)!,
            Currency = parsed.GetValue(currency) ?? "",
            ValidFrom = parsed.GetValue(from) ?? "",
            ValidTo = parsed.GetValue(to) ?? "",
            Sheet = options.Sheet(parsed),
            HeaderRow = options.HeaderRow(parsed),
            NumberFormat = options.NumberFormat(parsed),
            DateOrder = options.DateOrder(parsed),
            ApprovalId = options.ApprovalId(parsed),
        }));
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ImportPriceListRequest request)
    {
        var list = (await caller.PriceLists.ImportPriceListAsync(request, CallKey.New())).PriceList;
        Console.Out.WriteLine($"Price list {list.Id} waits: {list.LinesCount} lines, {list.NewCount} new, {list.ChangedCount} changed.");
        var changes = PriceDiffCommand.Changes(await PriceDiffCommand.ReadAsync(caller, list.Id, CancellationToken.None));
        if (changes.Count > 0)
            Terminal.Out.Write(CostingText.Table(changes));
        return ExitCode.Ok;
    }
}
