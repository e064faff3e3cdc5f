using System.Xml;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Tables;

/// <summary>What a workbook says of itself: its sheets, and from when it counts days.</summary>
internal sealed class XlsxWorkbook
{
    private const string PackageRelations = "_rels/.rels";
    private const string RelationIdName = "id";

    private readonly List<Sheet> _sheets = [];

    private XlsxWorkbook()
    {
    }

    public bool CountsFrom1904 { get; private set; }

    /// <summary>The part with the texts that cells share; null when there is none.</summary>
    public string? SharedStrings { get; private set; }

    /// <summary>The part with the formats of cells; null when there is none.</summary>
    public string? Styles { get; private set; }

    public IEnumerable<TableSheet> ToProto() => _sheets.Select(s => new TableSheet { Name = s.Name, Hidden = s.IsHidden });

    public static XlsxWorkbook Read(XlsxPackage package)
    {
        var main = Relations(package, PackageRelations, "").FirstOrDefault(r => r.IsOf("officeDocument"))?.Part
            ?? throw TableErrors.Malformed("nothing in it says that it is a workbook");
        var folder = main[..(main.LastIndexOf('/') + 1)];
        var relations = Relations(package, $"{folder}_rels/{main[folder.Length..]}.rels", folder);
        var workbook = new XlsxWorkbook
        {
            SharedStrings = relations.Find(r => r.IsOf("sharedStrings"))?.Part,
            Styles = relations.Find(r => r.IsOf("styles"))?.Part,
        };
        workbook.ReadMain(package, main, relations.Where(r => r.IsOf("worksheet")).DistinctBy(r => r.Id).ToDictionary(r => r.Id, r => r.Part));
        return workbook;
    }

    /// <summary>Chooses a sheet; the first that is not hidden unless one is named. INVALID_ARGUMENT names those that there are.</summary>
    public (string Name, string Part) Choose(string name, int number)
    {
        if (_sheets.Count == 0)
            throw TableErrors.NotATable("The workbook has no sheet with cells.");
        if (name.Length == 0 && number == 0)
            return Named(_sheets.Find(s => !s.IsHidden) ?? _sheets[0]);
        if (number > _sheets.Count)
            throw Errors.InvalidArgument("sheet_number", $"is {number:N0}; the workbook has {_sheets.Count:N0} sheets with cells");
        return Named(number > 0 ? _sheets[number - 1] : _sheets.Find(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw Errors.InvalidArgument("sheet", $"is none of the workbook's: {TableNames.Listed(_sheets.Select(s => s.Name))}"));

        static (string, string) Named(Sheet sheet) => (sheet.Name, sheet.Part);
    }

    private void ReadMain(XlsxPackage package, string main, Dictionary<string, string> worksheets)
    {
        using var xml = package.OpenXml(main);
        while (xml.Next(main))
        {
            if (xml.NodeType is not XmlNodeType.Element)
                continue;
            if (xml.LocalName == "workbookPr")
                CountsFrom1904 = xml.GetAttribute("date1904") is "1" or "true" or "on";
            else if (xml.LocalName == "sheet")
                AddSheet(xml, worksheets);
        }
    }

    // Sheets that are charts or dialogs are of another relation, and have no cells.
    private void AddSheet(XmlReader xml, Dictionary<string, string> worksheets)
    {
        if (!worksheets.TryGetValue(RelationOf(xml), out var part))
            return;
        if (_sheets.Count == TableLimits.Sheets)
            throw TableErrors.TooLarge($"the workbook has more than {TableLimits.Sheets:N0} sheets");
        var name = xml.GetAttribute("name") ?? "";
        if (name.Length > TableLimits.SheetNameCharacters)
            throw TableErrors.TooLarge($"the name of sheet {_sheets.Count + 1} has more than {TableLimits.SheetNameCharacters} characters");
        _sheets.Add(new Sheet(name, part, xml.GetAttribute("state") is "hidden" or "veryHidden"));
    }

    // "r:id", of whichever of the standard's two namespaces.
    private static string RelationOf(XmlReader xml)
    {
        var id = "";
        for (var has = xml.MoveToFirstAttribute(); has; has = xml.MoveToNextAttribute())
            id = xml.LocalName == RelationIdName && xml.NamespaceURI.Length > 0 ? xml.Value : id;
        xml.MoveToElement();
        return id;
    }

    private static List<Relation> Relations(XlsxPackage package, string part, string folder)
    {
        var relations = new List<Relation>();
        using var xml = package.OpenXml(part);
        while (xml.Next(part))
        {
            // What lies elsewhere is never fetched.
            if (xml.NodeType is not XmlNodeType.Element || xml.LocalName != "Relationship" || xml.GetAttribute("TargetMode") == "External")
                continue;
            if (relations.Count == TableLimits.Parts)
                throw TableErrors.TooLarge($"{part} names more than {TableLimits.Parts:N0} parts");
            var target = xml.GetAttribute("Target") ?? "";
            relations.Add(new Relation(xml.GetAttribute("Id") ?? "", xml.GetAttribute("Type") ?? "", target.StartsWith('/') ? target[1..] : folder + target));
        }
        return relations;
    }

    private sealed record Sheet(string Name, string Part, bool IsHidden);

    private sealed record Relation(string Id, string Type, string Part)
    {
        public bool IsOf(string kind) => Type.EndsWith($"/{kind}", StringComparison.Ordinal);
    }
}
