namespace AgentPlatform.Vault.Tables;

/// <summary>The refusals of files that are no good tables. What and where, in the file's own words.</summary>
internal static class TableErrors
{
    // A refusal travels in headers; of a hostile name its beginning is enough.
    private const int NameCharacters = 60;

    public static PlatformException Malformed(string what, Exception? inner = null) =>
        new(Grpc.Core.StatusCode.FailedPrecondition, "FILE_MALFORMED", $"The file cannot be read: {what}.", inner);

    public static PlatformException TooLarge(string what) => Errors.FailedPrecondition("TABLE_TOO_LARGE", $"The table is too large: {what}.");

    public static PlatformException RowTooLong(string rowWord, long row) => TooLarge($"{rowWord} {row:N0} has more than {TableLimits.RowCharacters:N0} characters");

    public static PlatformException NotATable(string why) => Errors.FailedPrecondition("NOT_A_TABLE", why);

    /// <summary>Text of the file as a refusal may show it.</summary>
    public static string Shown(string text)
    {
        var beginning = text.Length > NameCharacters ? $"{text[..NameCharacters]}…" : text;
        return $"'{string.Concat(beginning.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '·' : c))}'";
    }
}
