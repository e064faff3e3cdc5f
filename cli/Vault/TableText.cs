using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Vault.V1;
using Spectre.Console;
using Table = AgentPlatform.Contracts.Vault.V1.Table;
using TableRow = AgentPlatform.Contracts.Vault.V1.TableRow;
using TableColumn = AgentPlatform.Contracts.Vault.V1.TableColumn;

namespace AgentPlatform.Cli.Vault;

/// <summary>Tables of the vault as people and scripts read them.</summary>
public static class TableText
{
    // Of a terminal: beyond it a cell tells nothing at a glance, and --json has all of it.
    private const int ShownCharacters = 60;

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Shows rows as a table with the file's own row numbers, or each as a line of JSON.</summary>
    public static void Show(Table table, IReadOnlyCollection<TableRow> rows, bool json)
    {
        if (json)
        {
            foreach (var row in rows)
                Console.Out.WriteLine(Json(table, row));
            return;
        }
        var shown = Terminal.NewTable(["row", .. table.Columns.Select(c => PlainText.Of(c.Name).EscapeMarkup())]);
        foreach (var (column, at) in table.Columns.Select((c, i) => (c, i + 1)).Where(c => c.c.Type is ColumnType.Integer or ColumnType.Decimal))
            shown.Columns[at].RightAligned();
        foreach (var row in rows)
            shown.AddRow([new Text(row.Number.ToString(CultureInfo.InvariantCulture)), .. row.Cells.Select(c => new Text(Cut(PlainText.Of(TextOf(c)))))]);
        Terminal.Out.Write(shown);
    }

    /// <summary>Shows what a table is.</summary>
    public static int Describe(Table table, bool json) => Listing.Write(table, json, () => new Rows(
        Terminal.NewList(
            ("file", table.File.Path), ("sha256", table.Sha256), ("sheet", table.Sheet), ("sheets", string.Join(", ", table.Sheets.Select(s => s.Hidden ? $"{s.Name} (hidden)" : s.Name))),
            ("header row", table.HeaderRow == 0 ? "" : $"{table.HeaderRow}"), ("rows", $"{table.RowsCount}"), ("encoding", table.Encoding), ("delimiter", table.Delimiter == "\t" ? "tab" : table.Delimiter)),
        Terminal.NewTable(["column", "type", "filled", "note"], table.Columns.Select(c => new[] { c.Name, RpcText.Of(c.Type).ToLowerInvariant(), $"{c.FilledCount}", c.Note }))));

    /// <summary>A row as a JSON object; a number stays what it is to the last digit, and a cell without a value is null.</summary>
    public static string Json(Table table, TableRow row)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            foreach (var (column, cell) in table.Columns.Zip(row.Cells))
            {
                json.WritePropertyName(column.Name);
                Write(json, cell);
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>A cell as text; an error as the file names it.</summary>
    public static string TextOf(Cell cell) => cell.ValueCase switch
    {
        Cell.ValueOneofCase.Text => cell.Text,
        Cell.ValueOneofCase.Integer => cell.Integer.ToString(CultureInfo.InvariantCulture),
        Cell.ValueOneofCase.Decimal => cell.Decimal,
        Cell.ValueOneofCase.Boolean => cell.Boolean ? "yes" : "no",
        Cell.ValueOneofCase.Date => cell.Date,
        Cell.ValueOneofCase.DateTime => cell.DateTime.Replace('T', ' '),
        Cell.ValueOneofCase.Error => cell.Error,
        _ => "",
    };

    private static void Write(Utf8JsonWriter json, Cell cell)
    {
        switch (cell.ValueCase)
        {
            case Cell.ValueOneofCase.None: json.WriteNullValue(); break;
            case Cell.ValueOneofCase.Integer: json.WriteNumberValue(cell.Integer); break;
            case Cell.ValueOneofCase.Decimal: json.WriteRawValue(cell.Decimal); break;
            case Cell.ValueOneofCase.Boolean: json.WriteBooleanValue(cell.Boolean); break;
            case Cell.ValueOneofCase.DateTime: json.WriteStringValue(cell.DateTime); break;
            default: json.WriteStringValue(TextOf(cell)); break;
        }
    }

    private static string Cut(string text) => text.Length > ShownCharacters ? $"{text[..ShownCharacters]}…" : text;
}
