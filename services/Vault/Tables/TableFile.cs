using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Tables;

/// <summary>
/// A table in a file's bytes. Opening it reads all of it once, to know its columns and to refuse what is wrong before anything is sent; its rows are then read again as they
/// are sent, so that they are never all in memory.
/// </summary>
public sealed class TableFile : IDisposable
{
    // Titles and remarks stand above a header, not a screenful of them.
    private const int HeaderSearchRows = 20;

    private readonly ITableSource _source;
    private readonly SourceRow _header;
    private readonly List<ColumnGuess> _guesses = [];
    private readonly List<ColumnReading> _readings;
    private readonly Table _description = new();

    private TableFile(ITableSource source, TableOptions options, CancellationToken cancellation)
    {
        _source = source;
        _header = source.Names is null && !options.NoHeader ? FindHeader(options.HeaderRow, cancellation) : new SourceRow(0, []);
        foreach (var row in DataRows(cancellation))
        {
            _description.RowsCount++;
            while (_guesses.Count < row.Cells.Count)
                _guesses.Add(new ColumnGuess());
            for (var column = 0; column < row.Cells.Count; column++)
                _guesses[column].Add(row.Cells[column]);
        }
        var ways = Ways(options);
        _readings = [.. _guesses.Select(g => g.Decide(ways))];
        _description.HeaderRow = _header.Number;
        _description.Columns.Add(Columns());
        source.Describe(_description);
    }

    /// <summary>What the table is; its file is for the caller to say.</summary>
    public Table Description => _description.Clone();

    /// <summary>Opens the table in a file of this extension.</summary>
    public static TableFile Open(string extension, ReadOnlyMemory<byte> bytes, TableOptions options, CancellationToken cancellation)
    {
        ITableSource source = extension.ToLowerInvariant() switch
        {
            ".csv" => new CsvSource(bytes, options.Delimiter),
            ".xlsx" => new XlsxSource(bytes, options.Sheet, options.SheetNumber),
            ".xml" => new XmlSource(bytes, options.Sheet, cancellation),
            _ => throw TableErrors.NotATable($"A {extension} file has no table; .xlsx, .csv and .xml have."),
        };
        try
        {
            return new TableFile(source, options, cancellation);
        }
        catch
        {
            (source as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <summary>All rows of data, with the cells of these columns.</summary>
    public IEnumerable<TableRow> Rows(IReadOnlyCollection<TableColumn> columns, CancellationToken cancellation)
    {
        foreach (var row in DataRows(cancellation))
        {
            var sent = new TableRow { Number = row.Number };
            foreach (var column in columns)
            {
                var at = column.Number - 1;
                sent.Cells.Add(at < row.Cells.Count ? CellWriter.Write(row.Cells[at], _readings[at]) : new Cell());
            }
            yield return sent;
        }
    }

    public void Dispose() => (_source as IDisposable)?.Dispose();

    private IEnumerable<SourceRow> DataRows(CancellationToken cancellation) =>
        BoundedRows.Of(_source, cancellation).Where(r => r.Number > _header.Number && r.Cells.Exists(c => c.Kind is not SourceCellKind.Empty));

    private SourceRow FindHeader(long wanted, CancellationToken cancellation)
    {
        var (first, seen) = (new SourceRow(0, []), 0);
        foreach (var row in BoundedRows.Of(_source, cancellation))
        {
            var filled = row.Cells.Count(c => c.Kind is not SourceCellKind.Empty);
            if (wanted > 0 && row.Number >= wanted)
                return row.Number == wanted && filled > 0 ? Kept(row) : throw Errors.InvalidArgument("header_row", $"names {_source.RowWord} {wanted:N0}, in which there is nothing");
            if (wanted > 0 || filled == 0)
                continue;
            if (filled > 1)
                return Kept(row);
            if (first.Number == 0)
                first = Kept(row);
            if (++seen == HeaderSearchRows)
                break;
        }
        if (wanted > 0)
            throw Errors.InvalidArgument("header_row", $"is {wanted:N0}; the table ends before");
        return first.Number > 0 ? first : throw TableErrors.NotATable("There is nothing in the table.");
    }

    // The next row overwrites the source's own list.
    private static SourceRow Kept(SourceRow row) => new(row.Number, [.. row.Cells]);

    // What the caller says holds; else the columns that can be read in one way alone tell how the file writes, if they agree.
    private Readings Ways(TableOptions options)
    {
        var evidence = _guesses.Aggregate(Readings.None, (all, guess) => all | guess.Evidence);
        var numbers = options.NumberFormat switch { NumberFormat.Point => Readings.PointNumber, NumberFormat.Comma => Readings.CommaNumber, _ => evidence & Readings.Numbers };
        var orders = options.DateOrder switch { DateOrder.DayFirst => Readings.DayFirst, DateOrder.MonthFirst => Readings.MonthFirst, _ => evidence & Readings.Orders };
        return numbers | orders;
    }

    // A column with neither a name nor anything in it is none.
    private IEnumerable<TableColumn> Columns()
    {
        var (taken, characters) = (new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase), 0);
        for (var at = 0; at < Math.Max(_guesses.Count, Math.Max(_header.Cells.Count, _source.Names?.Count ?? 0)); at++)
        {
            var (heading, filled) = (Heading(at), at < _guesses.Count ? _guesses[at].Filled : 0);
            if (heading.Length == 0 && filled == 0)
                continue;
            var name = Unique(heading.Length > 0 ? heading : ColumnLetters.Of(at), taken);
            if ((characters += name.Length) > TableLimits.RowCharacters)
                throw TableErrors.TooLarge($"the columns' names have more than {TableLimits.RowCharacters:N0} characters");
            var reading = at < _readings.Count ? _readings[at] : new ColumnReading(ColumnType.String);
            yield return new TableColumn { Name = name, Number = at + 1, Type = reading.Type, FilledCount = filled, Note = reading.Note };
        }
    }

    private string Heading(int at)
    {
        var text = _source.Names is { } names ? names[at] : at < _header.Cells.Count ? _header.Cells[at].Text : "";
        var words = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return words.Length <= TableLimits.HeadingCharacters ? words : words[..TableLimits.HeadingCharacters];
    }

    // Remembers how far it has counted for a name: a thousand columns may have the same one.
    private static string Unique(string name, Dictionary<string, int> taken)
    {
        var unique = name;
        for (var count = taken.GetValueOrDefault(name, 1) + 1; !taken.TryAdd(unique, 1); count++)
            (unique, taken[name]) = ($"{name} ({count})", count);
        return unique;
    }
}
