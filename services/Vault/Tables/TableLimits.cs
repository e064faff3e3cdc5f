namespace AgentPlatform.Vault.Tables;

/// <summary>What a table may be. Of Excel where Excel has a limit; the others keep what a file of ten million bytes can cost within bounds.</summary>
internal static class TableLimits
{
    public const int Rows = 1_048_576;
    public const int Columns = 16_384;
    public const int CellCharacters = 32_767;
    public const int HeadingCharacters = 500;

    public const int SheetNameCharacters = 100;

    /// <summary>Of a row, and of all columns' names: at three bytes a character they fit into the 4 MiB that clients take for a message, with room to spare.</summary>
    public const int RowCharacters = 500_000;

    // A few bytes can stand for a row of empty cells, or for a long text that a thousand cells share. The texts that they share have no more characters either.
    public const long Cells = 5_000_000;
    public const long Characters = 64_000_000;

    /// <summary>Bytes of all inflated parts of a workbook.</summary>
    public const long InflatedBytes = 100_000_000;

    /// <summary>Parts in a workbook; one with a hundred sheets has some three hundred.</summary>
    public const int Parts = 2_000;

    /// <summary>
    /// How many times larger a part may become, beyond <see cref="RatioFreeBytes"/>: sheets that repeat one row come to a hundred, what was made to burst to a thousand.
    /// </summary>
    public const int InflationRatio = 400;
    public const long RatioFreeBytes = 1_000_000;

    public const int Sheets = 1_000;
    public const int SharedStrings = 2_000_000;
    public const int Styles = 65_536;

    /// <summary>Levels of XML, and characters of one of its tags.</summary>
    public const int XmlDepth = 64;
    public const int XmlTagCharacters = 65_536;

    /// <summary>Characters of all different names in a part, and a little for each: as many as the widest table has with long names.</summary>
    public const int XmlNamesSize = 4_000_000;
}
