using System.Globalization;
using System.Text;
using System.Xml;

namespace AgentPlatform.Vault.Tables;

/// <summary>
/// A sheet of a workbook, read from the zip archive as it goes: of the sheet itself only a row is in memory. There is no library in this, since those that there are hold
/// whole sheets, or widen each row to the last column that any cell names; see docs/decisions.
/// </summary>
internal sealed class XlsxSource : ITableSource, IDisposable
{
    private readonly XlsxPackage _package;
    private readonly XlsxWorkbook _workbook;
    private readonly string _sheet;
    private readonly string _part;
    private readonly XlsxStyles _styles;
    private readonly SharedTexts _strings;
    private readonly StringBuilder _text = new();

    public XlsxSource(ReadOnlyMemory<byte> bytes, string sheet, int sheetNumber)
    {
        _package = XlsxPackage.Open(bytes);
        try
        {
            _workbook = XlsxWorkbook.Read(_package);
            (_sheet, _part) = _workbook.Choose(sheet, sheetNumber);
            _styles = XlsxStyles.Read(_package, _workbook.Styles);
            _strings = XlsxStrings.Read(_package, _workbook.SharedStrings);
        }
        catch
        {
            _package.Dispose();
            throw;
        }
    }

    public string RowWord => "row";

    public IReadOnlyList<string>? Names => null;

    public void Describe(Contracts.Vault.V1.Table table)
    {
        table.Sheet = _sheet;
        table.Sheets.Add(_workbook.ToProto());
    }

    public void Dispose() => _package.Dispose();

    public IEnumerable<SourceRow> Rows()
    {
        _package.Restart();
        using var xml = _package.OpenXml(_part);
        var (cells, number) = (new List<SourceCell>(), 0);
        while (xml.Next(_part))
        {
            if (xml.NodeType is not XmlNodeType.Element || xml.LocalName != "row")
                continue;
            number = RowNumber(xml, number);
            cells.Clear();
            ReadRow(xml, number, cells);
            yield return new SourceRow(number, cells);
        }
    }

    // Rows and cells may leave out where they are: then they follow the one before.
    private int RowNumber(XmlReader xml, int previous)
    {
        if (xml.GetAttribute("r") is not { } given)
            return previous < TableLimits.Rows ? previous + 1 : throw TableErrors.TooLarge($"{Place()} has more than {TableLimits.Rows:N0} rows");
        if (!int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > TableLimits.Rows)
            throw TableErrors.Malformed($"{Place()} has a row with the number {TableErrors.Shown(given)}");
        return number > previous ? number : throw TableErrors.Malformed($"{Place()} has row {number:N0} behind row {previous:N0}");
    }

    private void ReadRow(XmlReader xml, int row, List<SourceCell> cells)
    {
        if (xml.IsEmptyElement)
            return;
        var (depth, characters) = (xml.Depth, 0);
        while (xml.Next(_part) && xml.Depth > depth)
        {
            if (xml.NodeType is not XmlNodeType.Element || xml.LocalName != "c")
                continue;
            var column = CellColumn(xml, row, cells.Count);
            while (cells.Count < column)
                cells.Add(SourceCell.Empty);
            var cell = ReadCell(xml, row, column);
            // Not only when the row is whole: its cells can all have the same longest text.
            if ((characters += cell.Text.Length) > TableLimits.RowCharacters)
                throw TableErrors.RowTooLong(RowWord, row);
            cells.Add(cell);
        }
    }

    private int CellColumn(XmlReader xml, int row, int next)
    {
        var column = next;
        if (xml.GetAttribute("r") is { } given && (!ColumnLetters.TryRead(given, out column, out var itsRow) || itsRow != row || column < next))
            throw TableErrors.Malformed($"{Place()} has a cell {TableErrors.Shown(given)} in row {row:N0} behind {next:N0} others");
        return column < TableLimits.Columns ? column : throw TableErrors.TooLarge($"{Place()} has more than {TableLimits.Columns:N0} cells in row {row:N0}");
    }

    private SourceCell ReadCell(XmlReader xml, int row, int column)
    {
        var type = xml.GetAttribute("t") ?? "n";
        var style = int.TryParse(xml.GetAttribute("s"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 0;
        var (value, inline, hasFormula) = ((string?)null, (string?)null, false);
        if (!xml.IsEmptyElement)
        {
            var depth = xml.Depth;
            while (xml.Next(_part) && xml.Depth > depth)
            {
                if (xml.NodeType is not XmlNodeType.Element)
                    continue;
                switch (xml.LocalName)
                {
                    case "v": value = Text(xml, row, column); break;
                    case "is": inline = Text(xml, row, column, XlsxStrings.Phonetic); break;
                    case "f":
                        hasFormula = true;
                        xml.Pass(_part);
                        break;
                    default: xml.Pass(_part); break;
                }
            }
        }
        if (type == "inlineStr")
            return SourceCell.Literal(inline ?? "");
        if (string.IsNullOrEmpty(value))
            return hasFormula && type != "str" ? new SourceCell(SourceCellKind.Error, CellWriter.NotComputed) : SourceCell.Empty;
        return type switch
        {
            "s" => SourceCell.Literal(Shared(value, row, column)),
            "str" => SourceCell.Literal(value),
            "b" => new SourceCell(SourceCellKind.Boolean, value is "1" or "true" ? "true" : "false"),
            "e" => new SourceCell(SourceCellKind.Error, value),
            "d" => ExcelNumbers.ReadIso(value),
            _ => ExcelNumbers.Read(value, _styles[style], _workbook.CountsFrom1904),
        };
    }

    private string Text(XmlReader xml, int row, int column, string except = "")
    {
        xml.AddText(_text.Clear(), _part, () => Place(row, column), except);
        return _text.ToString();
    }

    private string Shared(string index, int row, int column) =>
        int.TryParse(index.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < _strings.Count ? _strings[at]
            : throw TableErrors.Malformed($"{Place(row, column)} refers to a text that the workbook does not have");

    private string Place() => $"sheet {TableErrors.Shown(_sheet)}";

    private string Place(int row, int column) => $"{Place()}, cell {ColumnLetters.Of(column)}{row}";
}
