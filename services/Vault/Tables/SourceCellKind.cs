namespace AgentPlatform.Vault.Tables;

/// <summary>What a file says that a cell is.</summary>
internal enum SourceCellKind : byte
{
    Empty,

    /// <summary>Text of a file that knows nothing else: it may mean a number or a day.</summary>
    Plain,

    /// <summary>Text that is meant as such.</summary>
    Text,

    /// <summary>A number, written with a point and without an exponent.</summary>
    Number,

    /// <summary>"true" or "false".</summary>
    Boolean,

    /// <summary>A day, "2026-04-01".</summary>
    Date,

    /// <summary>A day and a time, "2026-04-01T08:30:00".</summary>
    DateTime,

    /// <summary>What a formula came to that has no value: "#DIV/0!".</summary>
    Error,
}
