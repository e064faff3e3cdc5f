using System.Text;

namespace AgentPlatform.Vault.Tables;

/// <summary>
/// Takes a text apart by RFC 4180: cells between delimiters, in quotes where they hold a delimiter, a quote (doubled) or a line break. It never holds more than one
/// record, of which every cell and their number are bounded, so that a line without an end is refused where it becomes too long.
/// </summary>
internal sealed class CsvRecords(TextReader text, char delimiter)
{
    private const int BufferCharacters = 16 * 1024;
    private const int EndOfText = -1;

    private readonly char[] _buffer = new char[BufferCharacters];
    private readonly StringBuilder _cell = new();
    private int _at;
    private int _filled;
    private int _line = 1;

    /// <summary>The next record's line and cells; false at the end. Lines with nothing on them are passed over.</summary>
    public bool TryRead(List<string> cells, out int line)
    {
        do
        {
            cells.Clear();
            line = _line;
            if (Peek() == EndOfText)
                return false;
            ReadRecord(cells, line);
        }
        while (cells is [""]);
        return true;
    }

    private void ReadRecord(List<string> cells, int line)
    {
        while (true)
        {
            _cell.Clear();
            if (Peek() == '"')
                ReadQuoted(cells.Count);
            else
                ReadBare(cells.Count);
            if (cells.Count == TableLimits.Columns)
                throw TableErrors.TooLarge($"line {line} has more than {TableLimits.Columns:N0} cells");
            cells.Add(_cell.ToString());

            var end = Next();
            if (end == delimiter)
                continue;
            if (end == '\r' && Peek() == '\n')
                Next();
            if (end is '\r' or '\n')
                _line++;
            return;
        }
    }

    private void ReadBare(int column)
    {
        for (var next = Peek(); next != EndOfText && next != delimiter && next is not ('\r' or '\n'); next = Peek())
            Add(Next(), column);
    }

    private void ReadQuoted(int column)
    {
        var begin = _line;
        Next();
        while (true)
        {
            var next = Next();
            if (next == EndOfText)
                throw TableErrors.Malformed($"the quote that opens on line {begin} is never closed");
            if (next == '"' && Peek() != '"')
                break;
            if (next == '"')
                Next();
            if (next == '\n' || (next == '\r' && Peek() != '\n'))
                _line++;
            Add(next, column);
        }
        if (Peek() is var after && after != EndOfText && after != delimiter && after is not ('\r' or '\n'))
            throw TableErrors.Malformed($"on line {_line}, in cell {column + 1:N0}, something stands behind the closing quote");
    }

    private void Add(int character, int column)
    {
        if (character == 0)
            throw TableErrors.Malformed($"line {_line} has a NUL character, so it is no text");
        if (_cell.Length == TableLimits.CellCharacters)
            throw TableErrors.TooLarge($"on line {_line}, cell {column + 1:N0} has more than {TableLimits.CellCharacters:N0} characters");
        _cell.Append((char)character);
    }

    private int Peek() => _at < _filled || Fill() ? _buffer[_at] : EndOfText;

    private int Next() => _at < _filled || Fill() ? _buffer[_at++] : EndOfText;

    private bool Fill()
    {
        (_at, _filled) = (0, text.Read(_buffer, 0, _buffer.Length));
        return _filled > 0;
    }
}
