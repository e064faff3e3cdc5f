using Npgsql;

namespace AgentPlatform;

/// <summary>A statement and its values, <c>$1</c> first.</summary>
/// <param name="Sql">The text.</param>
/// <param name="Values">Its values; when it is of columns, arrays.</param>
/// <param name="IsOfColumns">
/// Whether it does the same for each row of columns that it unnests, so that those of several units can be put together into one statement.
/// </param>
internal readonly record struct Statement(string Sql, object?[] Values, bool IsOfColumns)
{
    /// <summary>
    /// Reads what it returns of each of its rows, which begin with the subject, the first of its columns; null when it returns nothing. It may be called twice, and before the commit.
    /// </summary>
    public Action<NpgsqlDataReader>? Returned { get; init; }

    /// <summary>Whether it only locks rows: it has a result that nobody looks at.</summary>
    public bool IsLock => Sql.StartsWith("SELECT", StringComparison.Ordinal);

    /// <summary>Whether it only adds rows.</summary>
    public bool IsInsert => Sql.StartsWith("INSERT", StringComparison.Ordinal);
}
