using System.CommandLine;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault table</c>: a table of a file.</summary>
public static class VaultTableCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "The file in the vault: .xlsx, .csv or .xml" };
        var options = new TableOptions();
        var columns = new Option<string[]>("--column") { HelpName = "NAME", Description = "Only this column; may be given several times" };
        var noHeader = new Option<bool>("--no-header") { Description = "No row has the columns' names: they are A, B, C …" };
        var delimiter = new Option<string>("--delimiter") { HelpName = "CHARACTER", Description = "What stands between the cells of a .csv. Unless given, it is recognised" };
        var first = new Option<long>("--first-row") { HelpName = "N", DefaultValueFactory = _ => 1, Description = "The first row of data to show, 1 for the one after the header" };
        var limit = LimitOption.Create();
        var describe = new Option<bool>("--describe") { Description = "Not the rows, but what the table is: sheets, columns, types" };
        var json = JsonOption.Create("Each row as a line of JSON, an object with the columns' names");
        var command = new Command("table", "Shows a table of a file.") { path, columns, noHeader, delimiter, first, limit, describe, json };
        return options.AddTo(command).Calls((caller, parsed) =>
        {
            var request = new ReadTableRequest
            {
                Path = parsed.GetValue(path)!,
                Columns = { parsed.GetValue(columns) ?? [] },
                NoHeader = parsed.GetValue(noHeader),
                Delimiter = parsed.GetValue(delimiter) ?? "",
                FirstRow = parsed.GetValue(first),
                RowCount = parsed.GetValue(limit),
                Sheet = options.Sheet(parsed),
                HeaderRow = options.HeaderRow(parsed),
                NumberFormat = options.NumberFormat(parsed),
                DateOrder = options.DateOrder(parsed),
                ApprovalId = options.ApprovalId(parsed),
            };
            return RunAsync(caller, request, parsed.GetValue(describe), parsed.GetValue(json));
        });
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ReadTableRequest request, bool describe, bool json)
    {
        var (table, rows) = (new Table(), new List<TableRow>());
        using var call = caller.Tables.ReadTable(request);
        await foreach (var part in call.ResponseStream.ReadAllAsync())
        {
            table = part.Table ?? table;
            rows.AddRange(part.Rows?.Rows ?? []);
        }
        if (describe)
            return TableText.Describe(table, json);
        TableText.Show(table, rows, json);
        var shown = request.FirstRow - 1 + rows.Count;
        if (shown < table.RowsCount)
            Console.Error.WriteLine($"The table has {table.RowsCount} rows; --first-row {shown + 1} shows the next, a greater --limit more at once.");
        return ExitCode.Ok;
    }
}
