namespace AgentPlatform.Vault.Tables;

/// <summary>A source's rows as far as they are within the bounds of a table. Few bytes of a file can stand for very many cells, so these are what is counted.</summary>
internal static class BoundedRows
{
    public static IEnumerable<SourceRow> Of(ITableSource source, CancellationToken cancellation = default)
    {
        var (rows, cells, characters) = (0, 0L, 0L);
        foreach (var row in source.Rows())
        {
            cancellation.ThrowIfCancellationRequested();
            if (++rows > TableLimits.Rows)
                throw TableErrors.TooLarge($"up to {source.RowWord} {row.Number:N0} there are more than {TableLimits.Rows:N0} rows");
            // An empty row costs about as much as one with a cell.
            if ((cells += row.Cells.Count + 1) > TableLimits.Cells)
                throw TableErrors.TooLarge($"up to {source.RowWord} {row.Number:N0} there are more than {TableLimits.Cells:N0} cells");
            var ofRow = 0L;
            foreach (var cell in row.Cells)
                ofRow += cell.Text.Length;
            if (ofRow > TableLimits.RowCharacters)
                throw TableErrors.RowTooLong(source.RowWord, row.Number);
            if ((characters += ofRow) > TableLimits.Characters)
                throw TableErrors.TooLarge($"up to {source.RowWord} {row.Number:N0} there are more than {TableLimits.Characters:N0} characters");
            yield return row;
        }
    }
}
