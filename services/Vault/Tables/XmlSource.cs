using System.Text;
using System.Xml;

namespace AgentPlatform.Vault.Tables;

/// <summary>
/// A table in an XML document: elements of one name that lie beside each other are rows; their attributes and what lies in them, by its path ("address/city"), are
/// columns. What a row has several of is joined by "; ".
/// </summary>
internal sealed class XmlSource : ITableSource
{
    private const string Part = "the document";
    private const string Joint = "; ";
    private const string NamespaceOfDeclarations = "http://www.w3.org/2000/xmlns/";

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly Encoding _encoding;
    private readonly XmlShape _shape;
    private readonly Dictionary<string, int> _columns = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    public XmlSource(ReadOnlyMemory<byte> bytes, string rowElement, CancellationToken cancellation)
    {
        (_bytes, _encoding) = (bytes, XmlEncoding.Of(bytes.Span));
        using (var xml = Open())
            _shape = XmlShape.Find(xml, Part, rowElement);
        // Columns are known when all rows were seen.
        foreach (var _ in BoundedRows.Of(this, cancellation))
        {
        }
    }

    public string RowWord => "line";

    public IReadOnlyList<string> Names => _names;

    public void Describe(Contracts.Vault.V1.Table table) => (table.Sheet, table.Encoding) = (_shape.RowElement, TextEncoding.NameOf(_encoding));

    public IEnumerable<SourceRow> Rows()
    {
        using var xml = Open();
        var (texts, cells) = (new SortedDictionary<int, StringBuilder>(), new List<SourceCell>());
        while (xml.Next(Part))
        {
            if (xml.NodeType is not XmlNodeType.Element || xml.Depth != _shape.Depth || xml.LocalName != _shape.RowElement)
                continue;
            var line = ((IXmlLineInfo)xml).LineNumber;
            texts.Clear();
            ReadRow(xml, texts, line);
            cells.Clear();
            foreach (var (column, text) in texts)
            {
                while (cells.Count < column)
                    cells.Add(SourceCell.Empty);
                cells.Add(SourceCell.Plain(text.ToString()));
            }
            yield return new SourceRow(line, cells);
        }
    }

    private void ReadRow(XmlReader xml, SortedDictionary<int, StringBuilder> texts, int line)
    {
        AddAttributes(xml, "", texts, line);
        if (xml.IsEmptyElement)
            return;
        var (path, depth) = (new List<string>(), xml.Depth);
        while (xml.Next(Part) && xml.Depth > depth)
        {
            // How many elements the node lies in, the row not counted.
            var around = xml.Depth - depth - 1;
            if (xml.NodeType is XmlNodeType.Element)
            {
                path.RemoveRange(around, path.Count - around);
                path.Add(xml.LocalName);
                AddAttributes(xml, $"{string.Join('/', path)}/", texts, line);
            }
            else if (xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA)
            {
                Add(texts, around == 0 ? _shape.RowElement : string.Join('/', path.Take(around)), xml.Value, line);
            }
        }
    }

    private void AddAttributes(XmlReader xml, string prefix, SortedDictionary<int, StringBuilder> texts, int line)
    {
        for (var has = xml.MoveToFirstAttribute(); has; has = xml.MoveToNextAttribute())
        {
            if (xml.NamespaceURI != NamespaceOfDeclarations)
                Add(texts, prefix + xml.LocalName, xml.Value, line);
        }
        xml.MoveToElement();
    }

    private void Add(SortedDictionary<int, StringBuilder> texts, string name, string value, int line)
    {
        if (!_columns.TryGetValue(name, out var column))
        {
            if (_names.Count == TableLimits.Columns)
                throw TableErrors.TooLarge($"up to line {line:N0} there are more than {TableLimits.Columns:N0} columns");
            if (name.Length > TableLimits.HeadingCharacters)
                throw TableErrors.TooLarge($"on line {line:N0}, a column's name has more than {TableLimits.HeadingCharacters} characters");
            _columns[name] = column = _names.Count;
            _names.Add(name);
        }
        if (!texts.TryGetValue(column, out var text))
            texts[column] = text = new StringBuilder();
        if (text.Length + value.Length + Joint.Length > TableLimits.CellCharacters)
            throw TableErrors.TooLarge($"in the row on line {line:N0}, {TableErrors.Shown(name)} has more than {TableLimits.CellCharacters:N0} characters");
        if (text.Length > 0)
            text.Append(Joint);
        text.Append(value);
    }

    private XmlReader Open() => GuardedXml.Open(TextEncoding.Open(_bytes, _encoding), Part);
}
