using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Vault.Tables;

/// <summary>What a request for a table may say. No I/O.</summary>
internal static class TableRules
{
    public const int ColumnsMaximum = 200;

    // Of a .csv, lines are counted, of which there may be as many as bytes.
    private const int RowNumberMaximum = 10_000_000;

    // A name that another column has, too, has a number behind.
    private const int ColumnNameMaximumCharacters = TableLimits.HeadingCharacters + 8;

    /// <summary>All but the path, which is judged with the file.</summary>
    public static TableOptions Read(ReadTableRequest request)
    {
        var checks = new FieldChecks()
            .Text("sheet", request.Sheet, TableLimits.HeadingCharacters)
            .Require(request.SheetNumber is >= 0 and <= TableLimits.Sheets, "sheet_number", $"must be 1–{TableLimits.Sheets:N0}")
            .Require(request.SheetNumber == 0 || request.Sheet.Length == 0, "sheet_number", "stands beside sheet; one of them is enough")
            .Require(request.HeaderRow is >= 0 and <= RowNumberMaximum, "header_row", $"must be 1–{RowNumberMaximum:N0}")
            .Require(request.HeaderRow == 0 || !request.NoHeader, "header_row", "stands beside no_header")
            .Require(request.Columns.Count <= ColumnsMaximum, "columns", $"are {request.Columns.Count:N0}; at most {ColumnsMaximum} are allowed")
            .Require(request.FirstRow >= 0, "first_row", "is negative")
            .Require(request.RowCount >= 0, "row_count", "is negative")
            .KnownOrUnspecified("number_format", request.NumberFormat)
            .KnownOrUnspecified("date_order", request.DateOrder)
            .Require(request.Delimiter.Length == 0 || (request.Delimiter.Length == 1 && CsvDelimiter.Known.Contains(request.Delimiter[0])), "delimiter", "must be , or ; or | or a tab");
        foreach (var (name, at) in request.Columns.Take(ColumnsMaximum).Select((n, i) => (n, i)))
            checks.Text($"columns[{at}]", name, ColumnNameMaximumCharacters, minimum: 1);
        checks.ThrowIfAny();
        return new TableOptions
        {
            Sheet = request.Sheet,
            SheetNumber = request.SheetNumber,
            HeaderRow = request.HeaderRow,
            NoHeader = request.NoHeader,
            NumberFormat = request.NumberFormat,
            DateOrder = request.DateOrder,
            Delimiter = request.Delimiter,
        };
    }

    /// <summary>Those of the table's columns that are asked for, in the file's order. INVALID_ARGUMENT names those that there are.</summary>
    public static List<TableColumn> Select(IReadOnlyCollection<TableColumn> columns, IReadOnlyCollection<string> names)
    {
        if (names.Count == 0)
            return [.. columns];
        var known = columns.Select(c => c.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (names.FirstOrDefault(n => !known.Contains(n.Trim())) is { } unknown)
            throw Errors.InvalidArgument("columns", $"has {TableErrors.Shown(unknown)}, which is none of the table's: {TableNames.Listed(columns.Select(c => c.Name))}");
        var wanted = names.Select(n => n.Trim()).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. columns.Where(c => wanted.Contains(c.Name))];
    }

    public static PlatformException TooMany(int maximum, TimeSpan retryAfter) => new(StatusCode.ResourceExhausted, "TOO_MANY_TABLES",
        $"As many tables are being read here as may be at once ({maximum}), or as one caller may; try again.") { RetryAfter = retryAfter };

    public static PlatformException TooSlow(TimeSpan limit) => new(StatusCode.DeadlineExceeded, "TABLE_TOO_SLOW",
        $"The table was not read within {limit.TotalSeconds:0.#} seconds; ask for fewer rows or columns.");
}
