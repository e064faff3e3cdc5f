using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Reads that travel together: one round trip, however many. Each sees what was committed when it began, so a later one may see more. The lists are
/// filled once <see cref="Database.ReadAsync"/> has run them.
/// </summary>
public sealed class ReadBatch
{
    private readonly List<Query> _queries = [];

    internal IReadOnlyList<Query> Queries => _queries;

    /// <summary>Adds a read; gives back where its rows will be.</summary>
    public List<T> Add<T>(string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
    {
        var rows = new List<T>();
        _queries.Add(new Query(sql, values, row => rows.Add(map(row)), rows.Clear));
        return rows;
    }

    /// <summary>One read of them: <paramref name="Take"/> gets every row, <paramref name="Clear"/> comes before another try.</summary>
    internal sealed record Query(string Sql, object?[] Values, Action<NpgsqlDataReader> Take, Action Clear);
}
