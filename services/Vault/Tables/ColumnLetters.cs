namespace AgentPlatform.Vault.Tables;

/// <summary>Columns as spreadsheets name them: A … Z, AA … XFD.</summary>
internal static class ColumnLetters
{
    private const int Letters = 26;

    /// <summary>Of the column with this index, 0 for A.</summary>
    public static string Of(int index) => index < Letters ? $"{(char)('A' + index)}" : Of(index / Letters - 1) + (char)('A' + index % Letters);

    /// <summary>Reads "AB12" to the column's index and the row; false when it is no such place within the limits of a sheet.</summary>
    public static bool TryRead(ReadOnlySpan<char> place, out int column, out int row)
    {
        (column, row) = (0, 0);
        var at = 0;
        for (; at < place.Length && char.IsAsciiLetterUpper(place[at]) && column <= TableLimits.Columns; at++)
            column = column * Letters + place[at] - 'A' + 1;
        var isPlace = at > 0 && column is >= 1 and <= TableLimits.Columns && int.TryParse(place[at..], System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture, out row) && row is >= 1 and <= TableLimits.Rows;
        column--;
        return isPlace;
    }
}
