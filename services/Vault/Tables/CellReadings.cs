namespace AgentPlatform.Vault.Tables;

/// <summary>What a cell can be read as. <see cref="IsDoubtful"/>: as a number or a day in two ways, which do not mean the same.</summary>
internal readonly record struct CellReadings(Readings Can, bool HasTime = false, bool IsDoubtful = false);
