using System.Globalization;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Tables;

/// <summary>Reads the items of an inventory out of a table. All rows are looked at before the first one is given: one that makes no sense is refused by row and column.</summary>
internal sealed class InventoryReader
{
    private const long QuantityMaximum = 1_000_000_000;
    private const int TextMaximumCharacters = 500;

    // Beyond these an item is a data sheet.
    private const int OthersMaximum = 30;

    private readonly TableFile _table;
    private readonly List<TableColumn> _all;

    public InventoryReader(TableFile table, InventorySettings settings, CancellationToken cancellation)
    {
        (_table, _all) = (table, [.. table.Description.Columns]);
        Columns = new InventoryColumns(_all, settings);
        var checks = new FieldChecks();
        foreach (var row in Rows(cancellation))
        {
            Check(checks.Within($"row {row.Number}"), row);
            Count++;
        }
        checks.ThrowIfAny();
    }

    public InventoryColumns Columns { get; }

    /// <summary>How many items there are.</summary>
    public long Count { get; private set; }

    public IEnumerable<InventoryItem> Items(CancellationToken cancellation)
    {
        foreach (var row in Rows(cancellation))
        {
            var item = new InventoryItem
            {
                Row = row.Number,
                Sku = row.TextOf(Columns.Sku),
                Name = row.TextOf(Columns.Name),
                Owned = Quantity(row, Columns.Owned) ?? 0,
                Location = row.TextOf(Columns.Location),
                Category = row.TextOf(Columns.Category),
            };
            if (Quantity(row, Columns.Out) is { } taken)
                item.Out = taken;
            foreach (var column in Columns.Others.Take(OthersMaximum).Where(c => row.TextOf(c).Length > 0))
                item.Others[Columns.HeadingOf(column)] = row.TextOf(column);
            yield return item;
        }
    }

    // A row in which neither an SKU nor a quantity stands is a heading within the list, or a remark.
    private IEnumerable<TableRow> Rows(CancellationToken cancellation) =>
        _table.Rows(_all, cancellation).Where(r => r.TextOf(Columns.Sku).Length > 0 || r.TextOf(Columns.Owned).Length > 0);

    private void Check(FieldChecks checks, TableRow row)
    {
        foreach (var (column, isRequired) in new[] { (Columns.Sku, true), (Columns.Name, true), (Columns.Location, false), (Columns.Category, false) })
        {
            if (column >= 0)
                checks.Text(Columns.HeadingOf(column), row.TextOf(column), TextMaximumCharacters, minimum: isRequired ? 1 : 0);
        }
        foreach (var column in new[] { Columns.Owned, Columns.Out })
        {
            if (column < 0 || (column == Columns.Out && row.TextOf(column).Length == 0))
                continue;
            checks.Require(Quantity(row, column) is not null, Columns.HeadingOf(column),
                row.TextOf(column) is { Length: > 0 } text ? $"is no whole number from 0 to {QuantityMaximum:N0}: {TableErrors.Shown(text)}" : "is required");
        }
    }

    // A workbook may have 12.0 in a column with 12.5, and a list may have its numbers as text.
    private static long? Quantity(TableRow row, int column) =>
        decimal.TryParse(row.TextOf(column), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number is >= 0 and <= QuantityMaximum && decimal.IsInteger(number) ? (long)number : null;
}
