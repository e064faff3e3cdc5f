using System.Globalization;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Tables;

/// <summary>Writes cells as what their column is.</summary>
internal static class CellWriter
{
    /// <summary>Of a formula whose value its program did not write down.</summary>
    public const string NotComputed = "#VALUE?";

    private const int ErrorCharacters = 32;

    public static Cell Write(SourceCell cell, ColumnReading column) => cell.Kind switch
    {
        SourceCellKind.Empty => new Cell(),
        SourceCellKind.Error => new Cell { Error = cell.Text.Length <= ErrorCharacters ? cell.Text : cell.Text[..ErrorCharacters] },
        _ => column.Type switch
        {
            ColumnType.Integer => new Cell { Integer = long.Parse(cell.Text.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) },
            ColumnType.Decimal => new Cell { Decimal = ExcelNumbers.Text(Number(cell, column.Way)) },
            ColumnType.Boolean => new Cell { Boolean = TextReadings.TryReadBoolean(cell.Text.AsSpan().Trim(), out var value) && value },
            ColumnType.Date => new Cell { Date = Day(cell, column.Way).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) },
            ColumnType.DateTime => new Cell { DateTime = ExcelNumbers.DateTimeText(Day(cell, column.Way)) },
            _ => new Cell { Text = cell.Text },
        },
    };

    // What the workbook has as a number is written with a point, however its texts are.
    private static decimal Number(SourceCell cell, Readings way) =>
        TextReadings.TryReadNumber(cell.Text.AsSpan().Trim(), cell.Kind is SourceCellKind.Plain && way is Readings.CommaNumber, out var number) ? number
            : decimal.Parse(cell.Text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static DateTime Day(SourceCell cell, Readings way) =>
        TextReadings.TryReadDay(cell.Text.AsSpan().Trim(), cell.Kind is SourceCellKind.Plain ? way : Readings.YearFirst, out var time, out _) ? time
            : throw new InvalidOperationException($"A cell of {cell.Text.Length} characters is no day, although its column was found to hold days.");
}
