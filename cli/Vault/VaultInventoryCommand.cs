using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Spectre.Console;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault inventory</c>: the legacy inventory, by what its columns mean.</summary>
public static class VaultInventoryCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "The file in the vault: .xlsx, .csv or .xml" };
        var (options, json) = (new TableOptions(), JsonOption.Create());
        var command = new Command("inventory", "Shows the items of an inventory, whose columns are found by their headings.") { path, json };
        return options.AddTo(command).Calls((caller, parsed) => RunAsync(caller, parsed.GetValue(json), new ReadInventoryRequest
        {
            Path = parsed.GetValue(path)!,
            Sheet = options.Sheet(parsed),
            HeaderRow = options.HeaderRow(parsed),
            NumberFormat = options.NumberFormat(parsed),
            ApprovalId = options.ApprovalId(parsed),
        }));
    }

    private static async Task<int> RunAsync(GatewayCaller caller, bool json, ReadInventoryRequest request)
    {
        var table = Terminal.NewTable("row", "sku", "name", "owned", "out", "location", "category", "others");
        foreach (var column in new[] { 3, 4 })
            table.Columns[column].RightAligned();
        using var call = caller.Tables.ReadInventory(request);
        await foreach (var part in call.ResponseStream.ReadAllAsync())
        {
            foreach (var item in part.Items?.Items ?? [])
            {
                if (json)
                    Console.Out.WriteLine(AgentText.Json(item));
                else
                    table.AddRow(Cells(item).Select(c => new Text(PlainText.Of(c))));
            }
        }
        if (!json)
            Terminal.Out.Write(table);
        return ExitCode.Ok;
    }

    private static string[] Cells(InventoryItem item) =>
    [
        Number(item.Row), item.Sku, item.Name, Number(item.Owned), item.HasOut ? Number(item.Out) : "", item.Location, item.Category,
        string.Join(", ", item.Others.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => $"{o.Key}: {o.Value}")),
    ];

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
