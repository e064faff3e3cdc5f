using System.Globalization;
using System.IO.Compression;

namespace AgentPlatform.Bench.Vaults;

/// <summary>
/// The tables that cost a reader most of those that the vault reads, and those that it has to refuse before they cost more. Sizes are just below or beyond the limits that ReadTable tells.
/// </summary>
public static class TableSamples
{
    private const int FileBytes = 9_990_000;
    private const int Columns = 16_384;
    private const int CellCharacters = 32_767;
    private const string TooLarge = "TABLE_TOO_LARGE";
    private const string Malformed = "FILE_MALFORMED";

    // Of a longest cell's length with a number before it, and without so much of one character that it would be taken for a bomb.
    private static readonly string LongText = string.Concat(Enumerable.Repeat(string.Concat(new Random(1).GetItems("abcdefghijklmnopqrstuvwxyz".AsSpan(), 200)), 163));

    public static IReadOnlyList<TableSample> All { get; } =
    [
        new("tiny-cells.csv", "", s => Text(s, Fill(4_940_000 / 101 * 200, "1" + string.Concat(Enumerable.Repeat(",1", 99)) + "\n"))),
        // The first row is the header, whose names get numbers.
        new("huge-rows.csv", "", s => Text(s, Fill(FileBytes, string.Join(',', Enumerable.Repeat(new string('x', 20), Columns)) + "\n"))),
        new("many-texts.xlsx", "", s => Workbook(s, Many(1_800_000, i => $"<si><t>{i}</t></si>"), Many(180_000, i => $"<row>{string.Concat(Many(10, j => Cell(10 * i + j)))}</row>"))),
        new("long-texts.xlsx", "", s => Workbook(s, Many(1_950, i => $"<si><t>{i}{LongText}</t></si>"), Many(1_950, i => $"<row>{Cell(i)}</row>"))),
        new("wide.xml", "", s => Text(s, Within("<rows>", Fill(FileBytes - 20, $"<row>{string.Concat(Many(Columns - 1, i => $"<c{i}>7</c{i}>"))}</row>"), "</rows>"))),
        new("deep.xml", "", s => Text(s, Within("<rows>", Fill(FileBytes - 20, $"<row>{string.Concat(Many(60, i => $"<d{i}>"))}9{string.Concat(Many(60, i => $"</d{59 - i}>"))}</row>"), "</rows>"))),

        new("bomb.xlsx", TooLarge, s => Workbook(s, [], Many(60, _ => new string(' ', 1_000_000)))),
        new("texts-beyond.xlsx", TooLarge, s => Workbook(s, Many(2_900, i => $"<si><t>{i}{LongText}</t></si>"), Many(2, i => $"<row>{Cell(i)}</row>"))),
        new("one-row-of-longest.xlsx", TooLarge, s => Workbook(s, [$"<si><t>{new string('z', CellCharacters)}</t></si>"], Within("<row>", Many(Columns, _ => Cell(0)), "</row>"))),
        new("row-of-own-texts.xlsx", TooLarge, s => Workbook(s, [], Within("<row>", Many(2_900, i => $"<c t=\"inlineStr\"><is><t>{i}{LongText}</t></is></c>"), "</row>"))),
        new("names.xlsx", TooLarge, s => Workbook(s, [], Many(3_000_000, i => $"<n{Hex(i)}/>"))),
        new("names.xml", TooLarge, s => Text(s, Within("<rows>", Many(1_000_000, i => $"<n{Hex(i)}/>"), "</rows>"))),
        new("laughs.xml", Malformed, s => Text(s,
            Within("<!DOCTYPE l [<!ENTITY l0 \"lol\">", Many(9, i => $"<!ENTITY l{i + 1} \"{string.Concat(Enumerable.Repeat($"&l{i};", 10))}\">"), "]><rows><row>&l9;</row><row>&l9;</row></rows>"))),
        new("deeper.xml", TooLarge, s => Text(s, Fill(FileBytes, "<a>"))),
        new("attributes.xml", TooLarge, s => Text(s, Within("<rows ", Many(900_000, i => $"a{i}='' "), "/>"))),
        new("endless-line.csv", TooLarge, s => Text(s, Fill(FileBytes, "abcdefghij"))),
        new("endless-row.csv", TooLarge, s => Text(s, Fill(FileBytes, ",1"))),
        new("open-quote.csv", TooLarge, s => Text(s, Within("\"", Fill(FileBytes - 1, "line\n"), ""))),
        new("rows.csv", TooLarge, s => Text(s, Fill(FileBytes, "1\n"))),
    ];

    private static string Cell(int text) => $"<c t=\"s\"><v>{text}</v></c>";

    private static string Hex(int number) => number.ToString("x", CultureInfo.InvariantCulture);

    private static IEnumerable<string> Many(int count, Func<int, string> part) => Enumerable.Range(0, count).Select(part);

    // As often as it fits.
    private static IEnumerable<string> Fill(int bytes, string part) => Enumerable.Repeat(part, bytes / part.Length);

    private static IEnumerable<string> Within(string before, IEnumerable<string> parts, string after) => parts.Prepend(before).Append(after);

    private static void Text(Stream stream, IEnumerable<string> parts)
    {
        using var text = new StreamWriter(stream);
        foreach (var part in parts)
            text.Write(part);
    }

    private static void Workbook(Stream stream, IEnumerable<string> texts, IEnumerable<string> rows)
    {
        const string Main = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
        const string Relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        Add("_rels/.rels", [Relations(("officeDocument", "xl/workbook.xml"))]);
        Add("xl/_rels/workbook.xml.rels", [Relations(("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"))]);
        Add("xl/workbook.xml", [$"<workbook {Main} xmlns:r=\"{Relation}\"><sheets><sheet name=\"One\" sheetId=\"1\" r:id=\"r0\"/></sheets></workbook>"]);
        Add("xl/sharedStrings.xml", Within($"<sst {Main}>", texts, "</sst>"));
        Add("xl/worksheets/sheet1.xml", Within($"<worksheet {Main}><sheetData>", rows, "</sheetData></worksheet>"));

        void Add(string part, IEnumerable<string> xml) => Text(archive.CreateEntry(part, CompressionLevel.Optimal).Open(), xml);

        static string Relations(params (string Kind, string Target)[] all) =>
            $"<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{string.Concat(all.Select((r, i) => $"<Relationship Id=\"r{i}\" Type=\"{Relation}/{r.Kind}\" Target=\"{r.Target}\"/>"))}</Relationships>";
    }
}
