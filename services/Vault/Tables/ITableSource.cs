namespace AgentPlatform.Vault.Tables;

/// <summary>A table in a file's bytes. It can be read again and again, since columns have their types only when all rows were seen.</summary>
internal interface ITableSource
{
    /// <summary>How a refusal names the rows: "row", "line".</summary>
    string RowWord { get; }

    /// <summary>The columns' names, when the file has them in another way than as a row; else null.</summary>
    IReadOnlyList<string>? Names { get; }

    /// <summary>What the table's description says of the source.</summary>
    void Describe(Contracts.Vault.V1.Table table);

    /// <summary>All rows, in the file's order, none of them wider than <see cref="TableLimits.Columns"/>.</summary>
    IEnumerable<SourceRow> Rows();
}
