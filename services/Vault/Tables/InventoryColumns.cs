using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Tables;

/// <summary>Which column of a table is which of an inventory.</summary>
internal sealed class InventoryColumns
{
    // As headings are compared: small letters and digits alone. What is configured goes before these; the first that a table has is taken.
    private static readonly string[] SkuNames = ["sku", "itemcode", "code", "articleno", "itemno", "assetno", "id"];
    private static readonly string[] NameNames = ["name", "item", "itemname", "description", "article", "product"];
    private static readonly string[] OwnedNames = ["owned", "quantity", "qty", "total", "count", "stock", "onhand", "instock"];
    private static readonly string[] OutNames = ["out", "rented", "onhire", "outonhire", "issued", "loaned"];
    private static readonly string[] LocationNames = ["location", "store", "warehouse", "depot", "site", "place"];
    private static readonly string[] CategoryNames = ["category", "group", "type", "class"];

    private readonly List<TableColumn> _columns;

    public InventoryColumns(IEnumerable<TableColumn> columns, InventorySettings settings)
    {
        _columns = [.. columns];
        (Sku, Name, Owned) = (Find(settings.Sku, SkuNames), Find(settings.Name, NameNames), Find(settings.Owned, OwnedNames));
        (Out, Location, Category) = (Find(settings.Out, OutNames), Find(settings.Location, LocationNames), Find(settings.Category, CategoryNames));
        new FieldChecks()
            .Require(Sku >= 0, "sku", $"is no column of the table, by any name known for it; it has {Headings()}")
            .Require(Name >= 0, "name", $"is no column of the table, by any name known for it; it has {Headings()}")
            .Require(Owned >= 0, "owned", $"is no column of the table, by any name known for it; it has {Headings()}")
            .ThrowIfAny();
        Others = [.. _columns.Select((_, at) => at).Where(at => !Named.Any(n => n.Column == at))];
    }

    public int Sku { get; }

    public int Name { get; }

    public int Owned { get; }

    public int Out { get; }

    public int Location { get; }

    public int Category { get; }

    /// <summary>Those that are none of these.</summary>
    public IReadOnlyList<int> Others { get; }

    public string HeadingOf(int column) => _columns[column].Name;

    /// <summary>The field of an item that each column was taken for.</summary>
    public IEnumerable<InventoryColumn> ToProto() => Named.Where(n => n.Column >= 0).Select(n => new InventoryColumn { Field = n.Field, Heading = HeadingOf(n.Column) });

    private IEnumerable<(string Field, int Column)> Named =>
        [("sku", Sku), ("name", Name), ("owned", Owned), ("out", Out), ("location", Location), ("category", Category)];

    private int Find(string[] configured, string[] known) =>
        configured.Select(Bare).Concat(known).Select(name => _columns.FindIndex(c => Bare(c.Name) == name)).FirstOrDefault(at => at >= 0, -1);

    private string Headings() => TableNames.Listed(_columns.Select(c => c.Name));

    private static string Bare(string heading) => string.Concat(heading.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}
