using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Tables;

/// <summary>What all cells of a column so far can be read as. Not one of them may be left out: a type holds for the whole column.</summary>
internal sealed class ColumnGuess
{
    private Readings _can = Readings.All;
    private bool _hasTime;
    private bool _isDoubtful;
    private bool _hasValue;
    private string _doubtful = "";

    public long Filled { get; private set; }

    public void Add(SourceCell cell)
    {
        if (cell.Kind is SourceCellKind.Empty)
            return;
        Filled++;
        _hasValue |= cell.Kind is not SourceCellKind.Error;
        if (_can is Readings.None)
            return;
        var readings = TextReadings.Of(cell);
        _can &= readings.Can;
        _hasTime |= readings.HasTime;
        if (readings.IsDoubtful && !_isDoubtful)
            (_isDoubtful, _doubtful) = (true, TableErrors.Shown(cell.Text));
    }

    /// <summary>By which of the ways to write numbers and days this column can alone be read; evidence of how the whole file writes them.</summary>
    public Readings Evidence => !_hasValue ? Readings.None
        : (_can & ~Readings.Numbers) == 0 && Single(_can & Readings.Numbers) is { } number ? number
        : (_can & ~Readings.Orders) == 0 && Single(_can & Readings.Orders) is { } order ? order : Readings.None;

    /// <summary>Decides, in the ways in which the file writes numbers and days.</summary>
    public ColumnReading Decide(Readings ways)
    {
        if (!_hasValue || _can is Readings.None)
            return new(ColumnType.String);
        if (_can.HasFlag(Readings.Integer))
            return new(ColumnType.Integer);
        if (_can.HasFlag(Readings.Boolean))
            return new(ColumnType.Boolean);
        if (_can.HasFlag(Readings.YearFirst))
            return new(DayType, Readings.YearFirst);
        var isNumber = (_can & Readings.Numbers) != 0;
        var way = !_isDoubtful ? First(_can) : Single(_can) ?? Single(_can & ways);
        return way is { } one
            ? new(isNumber ? ColumnType.Decimal : DayType, one)
            : new(ColumnType.String, Note: isNumber
                ? $"{_doubtful} may be written with a point or with a comma: say number_format"
                : $"{_doubtful} may have the day or the month first: say date_order");
    }

    private ColumnType DayType => _hasTime ? ColumnType.DateTime : ColumnType.Date;

    private static Readings? Single(Readings readings) => System.Numerics.BitOperations.IsPow2((int)readings) ? readings : null;

    private static Readings First(Readings readings) => (Readings)(1 << System.Numerics.BitOperations.TrailingZeroCount((int)readings));
}
