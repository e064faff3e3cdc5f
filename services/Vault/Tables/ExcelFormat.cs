namespace AgentPlatform.Vault.Tables;

/// <summary>What a cell's format shows a number as.</summary>
internal enum ExcelFormat : byte
{
    Number,
    Date,
    DateTime,

    /// <summary>A time of day without a day.</summary>
    Time,
}
