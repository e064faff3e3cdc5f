using System.Text;

namespace AgentPlatform.Vault.Tables;

/// <summary>A table in a text with delimiters.</summary>
internal sealed class CsvSource : ITableSource
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly Encoding _encoding;
    private readonly char _delimiter;
    private readonly bool _isDeclared;

    public CsvSource(ReadOnlyMemory<byte> bytes, string delimiter)
    {
        (_bytes, _encoding) = (bytes, TextEncoding.Of(bytes.Span));
        (_delimiter, _isDeclared) = CsvDelimiter.Of(bytes, _encoding);
        if (delimiter.Length == 1)
            _delimiter = delimiter[0];
    }

    public string RowWord => "line";

    public IReadOnlyList<string>? Names => null;

    public void Describe(Contracts.Vault.V1.Table table) => (table.Encoding, table.Delimiter) = (TextEncoding.NameOf(_encoding), $"{_delimiter}");

    public IEnumerable<SourceRow> Rows()
    {
        using var text = TextEncoding.Open(_bytes, _encoding);
        var (records, texts, cells) = (new CsvRecords(text, _delimiter), new List<string>(), new List<SourceCell>());
        if (_isDeclared)
            records.TryRead(texts, out _);
        while (records.TryRead(texts, out var line))
        {
            cells.Clear();
            foreach (var one in texts)
                cells.Add(SourceCell.Plain(one));
            yield return new SourceRow(line, cells);
        }
    }
}
