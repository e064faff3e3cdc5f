using System.IO.Compression;
using System.Text;

namespace AgentPlatform.Tests.Vaults;

/// <summary>Makes workbooks (.xlsx) part by part, so that a test can spoil any of them.</summary>
internal sealed class WorkbookFile
{
    public const string FirstSheet = "xl/worksheets/sheet1.xml";

    private const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private const string Relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    private const string PackageRelations = "http://schemas.openxmlformats.org/package/2006/relationships";

    private readonly List<(string Name, string Relation, string State, string Data)> _sheets = [];

    /// <summary>Parts that replace those made here, or come in addition.</summary>
    public Dictionary<string, byte[]> Parts { get; } = [];

    /// <summary>Parts that are left out.</summary>
    public HashSet<string> Without { get; } = [];

    public bool CountsFrom1904 { get; init; }

    /// <summary>Format ids of cells, in the order of their style: 14 is a day, 22 a day with a time; those from 164 are <see cref="Formats"/>.</summary>
    public int[] Styles { get; init; } = [0, 14, 22, 164, 165];

    public string[] Formats { get; init; } = ["yyyy\\-mm\\-dd", "hh:mm:ss"];

    public string[] Strings { get; init; } = [];

    /// <summary>A sheet of rows, in the file's own words.</summary>
    public WorkbookFile Sheet(string name, string rows, string state = "visible", string relation = "worksheet")
    {
        _sheets.Add((name, relation, state, $"""<worksheet xmlns="{Main}"><dimension ref="A1"/><sheetData>{rows}</sheetData></worksheet>"""));
        return this;
    }

    public static WorkbookFile Of(string rows) => new WorkbookFile().Sheet("One", rows);

    /// <summary>A small file whose rows are some 60 MB when they are sent: far more than whatever lies between a vault and its caller takes by itself.</summary>
    public static byte[] Heavy() => new WorkbookFile { Strings = [$"<t>{string.Concat(Enumerable.Range(0, 6_500))}</t>"] }
        .Sheet("One", string.Concat(Enumerable.Range(0, 2_300).Select(i => $"<row i='{i}'><c t='s'><v>0</v></c></row>"))).ToBytes();

    public byte[] ToBytes()
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in All().Where(p => !Without.Contains(p.Key)))
            {
                using var part = archive.CreateEntry(name, CompressionLevel.Optimal).Open();
                part.Write(content);
            }
        }
        return file.ToArray();
    }

    private Dictionary<string, byte[]> All()
    {
        var parts = new Dictionary<string, byte[]>();
        Add("_rels/.rels", $"""<Relationships xmlns="{PackageRelations}"><Relationship Id="r1" Type="{Relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>""");
        Add("xl/_rels/workbook.xml.rels", $"""
            <Relationships xmlns="{PackageRelations}">{string.Concat(_sheets.Select((s, i) => $"""<Relationship Id="s{i}" Type="{Relations}/{s.Relation}" Target="worksheets/sheet{i + 1}.xml"/>"""))}
            <Relationship Id="styles" Type="{Relations}/styles" Target="/xl/styles.xml"/><Relationship Id="strings" Type="{Relations}/sharedStrings" Target="sharedStrings.xml"/></Relationships>
            """);
        Add("xl/workbook.xml", $"""
            <workbook xmlns="{Main}" xmlns:r="{Relations}"><workbookPr date1904="{(CountsFrom1904 ? 1 : 0)}"/>
            <sheets>{string.Concat(_sheets.Select((s, i) => $"""<sheet name="{s.Name}" sheetId="{i + 1}" state="{s.State}" r:id="s{i}"/>"""))}</sheets></workbook>
            """);
        Add("xl/styles.xml", $"""
            <styleSheet xmlns="{Main}"><numFmts>{string.Concat(Formats.Select((f, i) => $"""<numFmt numFmtId="{164 + i}" formatCode="{f.Replace("\"", "&quot;")}"/>"""))}</numFmts>
            <cellStyleXfs><xf numFmtId="22"/></cellStyleXfs><cellXfs>{string.Concat(Styles.Select(s => $"""<xf numFmtId="{s}"/>"""))}</cellXfs></styleSheet>
            """);
        Add("xl/sharedStrings.xml", $"""<sst xmlns="{Main}">{string.Concat(Strings.Select(s => $"<si>{s}</si>"))}</sst>""");
        for (var i = 0; i < _sheets.Count; i++)
            Add($"xl/worksheets/sheet{i + 1}.xml", _sheets[i].Data);
        foreach (var (name, content) in Parts)
            parts[name] = content;
        return parts;

        void Add(string name, string xml) => parts[name] = Encoding.UTF8.GetBytes(xml);
    }
}
