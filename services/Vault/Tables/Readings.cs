namespace AgentPlatform.Vault.Tables;

/// <summary>What a cell can be read as. Those of a column are what all its cells can be read as.</summary>
[Flags]
internal enum Readings : ushort
{
    None = 0,
    Integer = 1 << 0,

    /// <summary>1,250.75</summary>
    PointNumber = 1 << 1,

    /// <summary>1.250,75</summary>
    CommaNumber = 1 << 2,
    Boolean = 1 << 3,

    /// <summary>2026-12-31</summary>
    YearFirst = 1 << 4,

    /// <summary>31/12/2026</summary>
    DayFirst = 1 << 5,

    /// <summary>12/31/2026</summary>
    MonthFirst = 1 << 6,

    Numbers = PointNumber | CommaNumber,
    Orders = DayFirst | MonthFirst,
    Days = YearFirst | Orders,
    All = Integer | Numbers | Boolean | Days,
}
