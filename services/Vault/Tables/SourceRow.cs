namespace AgentPlatform.Vault.Tables;

/// <summary>
/// A row as its file has it, with the number that the file gives it: the row of a sheet, a line of a text. The cells are the reader's own list, which the next
/// row overwrites; there are none behind the last that the file mentions.
/// </summary>
internal readonly record struct SourceRow(long Number, List<SourceCell> Cells);
