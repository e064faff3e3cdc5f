using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Tables;

/// <summary>What a column is, in which way its texts are written, and what is to be said of it.</summary>
internal readonly record struct ColumnReading(ColumnType Type, Readings Way = Readings.None, string Note = "");
