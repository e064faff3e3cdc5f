using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Reads that travel together: one round trip, however many. Each sees what was committed when it began, so a later one may see more. The lists are
/// filled once <see cref="Database.ReadAsync"/> has run them.
/// </summary>
public sealed class ReadBatch
{
    private readonly List<Query> _queries = [];

    /// <summary>Whether it reads a few rows by their keys, and so may travel with other callers' reads.</summary>
    public bool IsSmall { get; init; }

    internal IReadOnlyList<Query> Queries => _queries;

    /// <summary>Adds a read; gives back where its rows will be.</summary>
    public List<T> Add<T>(string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
    {
        var rows = new List<T>();
        _queries.Add(new Query(sql, values, row => { rows.Add(map(row)); return true; }, rows.Clear));
        return rows;
    }

    /// <summary>Adds a read that ends early: with the row with which all are larger than this.</summary>
    public List<T> AddUpTo<T>(int maximumSize, Func<T, int> sizeOf, string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
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

    /// <summary>Runs reads in one round trip, under a connection tag.</summary>
    internal static async Task RunAsync(NpgsqlConnection connection, ConnectionTags tags, string tag, List<MergedRead> reads, CancellationToken cancellation)
    {
        await using var batch = connection.CreateBatch();
        var before = tags.AddTo(batch, connection, tag) ? 0 : 1;
        // A batch is a transaction by itself.
        if (reads.Exists(r => r.IsOfSeveral))
        {
            batch.Add(MergedRead.Settings);
            before++;
        }
        foreach (var read in reads)
            read.AddTo(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        for (; before > 0; before--)
            await reader.NextResultAsync(cancellation);
        foreach (var read in reads)
        {
            await read.ReadAsync(reader, cancellation);
            await reader.NextResultAsync(cancellation);
        }
        await reader.DisposeAsync();
        tags.Remember(connection, tag);
    }

    /// <summary>Forgets what was read, before another try.</summary>
    internal void Clear() => _queries.ForEach(q => q.Clear());

    /// <summary>One read of them: <paramref name="Take"/> gets each row until it has enough, <paramref name="Clear"/> comes before another try.</summary>
    internal sealed record Query(string Sql, object?[] Values, Func<NpgsqlDataReader, bool> Take, Action Clear);
}
