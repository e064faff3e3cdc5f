using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// A read of one call, or of several that say the same with other values: then one statement runs it for each row of their values, and tells with each row whose it is. To begin a
/// statement costs Postgres, and us, more than to read a row by its key.
/// </summary>
internal sealed partial class MergedRead
{
    /// <summary>
    /// Goes before merged reads, for their transaction: they find rows by their keys, in nested loops, and are planned once, whatever Postgres thinks of the table and of how many there are.
    /// </summary>
    public const string Settings = """
        SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
               set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)
        """;

    private static readonly ConcurrentDictionary<(string Sql, string Types), string> Texts = new();

    private readonly List<ReadBatch.Query> _queries;
    private readonly string? _types;

    private MergedRead(ReadBatch.Query first) => (_queries, _types) = ([first], TypesOf(first.Values));

    public bool IsOfSeveral => _queries.Count > 1;

    /// <summary>A call's reads, each as it is.</summary>
    public static List<MergedRead> Of(IEnumerable<ReadBatch.Query> queries) => [.. queries.Select(q => new MergedRead(q))];

    /// <summary>The reads of several calls, those of each in their order.</summary>
    public static List<MergedRead> Of(IEnumerable<IReadOnlyList<ReadBatch.Query>> calls)
    {
        var all = new List<MergedRead>();
        foreach (var queries in calls)
        {
            var next = 0;
            foreach (var query in queries)
            {
                var types = TypesOf(query.Values);
                var at = types is null ? -1 : all.FindIndex(next, m => m._types == types && m._queries[0].Sql == query.Sql);
                if (at >= 0)
                    all[at]._queries.Add(query);
                else
                {
                    at = all.Count;
                    all.Add(new MergedRead(query));
                }
                next = at + 1;
            }
        }
        return all;
    }

    public void AddTo(NpgsqlBatch batch)
    {
        var first = _queries[0];
        if (IsOfSeveral)
            batch.Add(Texts.GetOrAdd((first.Sql, _types!), t => Text(t.Sql, t.Types)), Columns(first.Values));
        else
            batch.Add(first.Sql, first.Values);
    }

    /// <summary>Hands each row to whoever it is for, until that one has enough.</summary>
    public async Task ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        if (!IsOfSeveral)
        {
            while (await reader.ReadAsync(cancellation) && _queries[0].Take(reader)) { }
            return;
        }
        var isDone = new bool[_queries.Count];
        while (await reader.ReadAsync(cancellation))
        {
            var at = (int)reader.GetInt64(reader.FieldCount - 1) - 1;
            isDone[at] = isDone[at] || !_queries[at].Take(reader);
        }
    }

    // The statement as it is, run for each row of the values; a row's number, from 1, is the last of its columns.
    private static string Text(string sql, string types)
    {
        var columns = types.Split(',');
        var arrays = string.Join(", ", columns.Select((type, at) => string.Create(CultureInfo.InvariantCulture, $"${at + 1}::{type}[]")));
        var names = string.Join(", ", columns.Select((_, at) => string.Create(CultureInfo.InvariantCulture, $"value_{at + 1}")));
        return $"SELECT found.*, asked.number FROM unnest({arrays}) WITH ORDINALITY AS asked ({names}, number) CROSS JOIN LATERAL ({Place().Replace(sql, "asked.value_$1")}) AS found";
    }

    private object?[] Columns(object?[] first)
    {
        var columns = new object?[first.Length];
        for (var at = 0; at < columns.Length; at++)
        {
            var column = Array.CreateInstance(first[at]!.GetType(), _queries.Count);
            for (var row = 0; row < _queries.Count; row++)
                column.SetValue(_queries[row].Values[at], row);
            columns[at] = column;
        }
        return columns;
    }

    // Null where there is one of which there are no columns, or no values at all.
    private static string? TypesOf(object?[] values)
    {
        var types = new string[values.Length];
        for (var at = 0; at < values.Length; at++)
        {
            if (values[at] is not { } value || TypeOf(value) is not { } type)
                return null;
            types[at] = type;
        }
        return types.Length == 0 ? null : string.Join(',', types);
    }

    private static string? TypeOf(object value) => value switch
    {
        Guid => "uuid",
        string => "text",
        long => "bigint",
        int => "integer",
        bool => "boolean",
        DateTimeOffset => "timestamptz",
        _ => null,
    };

    [GeneratedRegex(@"\$(\d+)")]
    private static partial Regex Place();
}
