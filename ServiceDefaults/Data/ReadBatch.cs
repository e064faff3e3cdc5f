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
        _queries.Add(new Query(sql, values, row => { rows.Add(map(row)); return true; }, rows.Clear));
        return rows;
    }

    /// <summary>Adds a read that ends early: with the row with which all are larger than this.</summary>
    internal List<T> AddUpTo<T>(int maximumSize, Func<T, int> sizeOf, string sql, Func<NpgsqlDataReader, T> map, object?[] values)
    {
        var (rows, size) = (new List<T>(), 0);
        bool Take(NpgsqlDataReader row)
        {
            rows.Add(map(row));
            return (size += sizeOf(rows[^1])) <= maximumSize;
        }
        _queries.Add(new Query(sql, values, Take, () => { rows.Clear(); size = 0; }));
        return rows;
    }

    /// <summary>One read of them: <paramref name="Take"/> gets each row until it has enough, <paramref name="Clear"/> comes before another try.</summary>
    internal sealed record Query(string Sql, object?[] Values, Func<NpgsqlDataReader, bool> Take, Action Clear);
}
