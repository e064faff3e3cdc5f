using System.Text;
using AgentPlatform.Contracts.Vault.V1;
using AgentPlatform.Vault.Tables;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

/// <summary>Reads tables from bytes in as few words as a test can bear.</summary>
internal static class Tables
{
    /// <summary>The description, and all rows as text: "1|14.75|true".</summary>
    public static (Table Table, List<string> Rows) Read(string extension, byte[] bytes, TableOptions? options = null)
    {
        using var file = TableFile.Open(extension, bytes, options ?? new TableOptions(), CancellationToken.None);
        var table = file.Description;
        var rows = file.Rows(table.Columns, CancellationToken.None).ToList();
        Assert.Equal(table.RowsCount, rows.Count);
        Assert.All(rows, row => Assert.Equal(table.Columns.Count, row.Cells.Count));
        foreach (var (column, at) in table.Columns.Select((c, i) => (c, i)))
            Assert.All(rows, row => Assert.True(IsOf(column.Type, row.Cells[at]), $"{column.Name}: {row.Cells[at]}"));
        return (table, [.. rows.Select(TextOf)]);
    }

    public static (Table Table, List<string> Rows) ReadCsv(string text, TableOptions? options = null) => Read(".csv", Encoding.UTF8.GetBytes(text), options);

    public static (Table Table, List<string> Rows) ReadXml(string text, TableOptions? options = null) => Read(".xml", Encoding.UTF8.GetBytes(text), options);

    /// <summary>Expects that the file is refused in words that contain these.</summary>
    public static void Refused(StatusCode code, string reason, string saying, string extension, byte[] bytes, TableOptions? options = null)
    {
        var refusal = Assert.Throws<PlatformException>(() => Read(extension, bytes, options));
        Assert.True((code, reason) == (refusal.Code, refusal.Reason), $"{refusal.Code} {refusal.Reason}: {refusal.Message}");
        Assert.Contains(saying, refusal.Message, StringComparison.Ordinal);
    }

    public static void Malformed(string saying, string extension, byte[] bytes) => Refused(StatusCode.FailedPrecondition, "FILE_MALFORMED", saying, extension, bytes);

    public static void TooLarge(string saying, string extension, byte[] bytes) => Refused(StatusCode.FailedPrecondition, "TABLE_TOO_LARGE", saying, extension, bytes);

    public static string TypesOf(Table table) => string.Join(' ', table.Columns.Select(c => c.Type));

    public static string NamesOf(Table table) => string.Join('|', table.Columns.Select(c => c.Name));

    public static string TextOf(TableRow row) => string.Join('|', row.Cells.Select(TextOf));

    private static string TextOf(Cell cell) => cell.ValueCase switch
    {
        Cell.ValueOneofCase.Text => cell.Text,
        Cell.ValueOneofCase.Integer => $"{cell.Integer}",
        Cell.ValueOneofCase.Decimal => cell.Decimal,
        Cell.ValueOneofCase.Boolean => cell.Boolean ? "true" : "false",
        Cell.ValueOneofCase.Date => cell.Date,
        Cell.ValueOneofCase.DateTime => cell.DateTime,
        Cell.ValueOneofCase.Error => cell.Error,
        _ => "",
    };

    private static bool IsOf(ColumnType type, Cell cell) => cell.ValueCase is Cell.ValueOneofCase.None or Cell.ValueOneofCase.Error || cell.ValueCase == type switch
    {
        ColumnType.Integer => Cell.ValueOneofCase.Integer,
        ColumnType.Decimal => Cell.ValueOneofCase.Decimal,
        ColumnType.Boolean => Cell.ValueOneofCase.Boolean,
        ColumnType.Date => Cell.ValueOneofCase.Date,
        ColumnType.DateTime => Cell.ValueOneofCase.DateTime,
        _ => Cell.ValueOneofCase.Text,
    };
}
