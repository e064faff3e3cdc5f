using Grpc.Core;
using Npgsql;
using NpgsqlTypes;

namespace AgentPlatform.Registry;

/// <summary>
/// All SQL of telemetry. Points are added beside the unit of work: they have no audit entry, and a repeat is known by the points themselves, so there is nothing
/// that would have to be committed together with them.
/// </summary>
public sealed class TelemetryStore(Database database, TieredPool pool, NpgsqlDataSource source, ConnectionTags tags)
{
    private const string ConnectionTag = "registry/telemetry";
    private const string PrimaryKeySuffix = "_pkey";

    private const string Columns = "agent_id, time, sequence, cpu_percent, memory_bytes, disk_bytes, numbers, details, received_at";

    private const string Copy = $"COPY registry.telemetry ({Columns}) FROM STDIN (FORMAT BINARY)";

    private const string AddMissing = $"""
        INSERT INTO registry.telemetry ({Columns})
        SELECT n.agent_id, n.time, n.sequence, n.cpu_percent, n.memory_bytes, n.disk_bytes, n.numbers::jsonb, n.details::jsonb, n.received_at
          FROM unnest($1::text[], $2::timestamptz[], $3::int8[], $4::float8[], $5::int8[], $6::int8[], $7::text[], $8::text[], $9::timestamptz[])
            AS n (agent_id, time, sequence, cpu_percent, memory_bytes, disk_bytes, numbers, details, received_at)
        ON CONFLICT DO NOTHING
        RETURNING agent_id, time, sequence
        """;

    // Owned by the migrator, since the service itself may make no tables.
    private const string MakeDays = "SELECT registry.telemetry_make_days($1, $2)";

    private const string DropDays = "SELECT registry.telemetry_drop_days($1)";

    private const string List = $"""
        SELECT {Columns} FROM registry.telemetry
         WHERE agent_id = $1 AND time >= $2 AND time < $3 AND ($4::timestamptz IS NULL OR (time, sequence) < ($4, $5))
         ORDER BY time DESC, sequence DESC
         LIMIT $6
        """;

    private const string Sum = """
        SELECT date_bin(make_interval(secs => $4), time, timestamptz '2000-01-01 00:00:00+00') AS starts_at, f.name, min(v.value), max(v.value), avg(v.value),
               (array_agg(v.value ORDER BY time DESC, sequence DESC))[1], count(*)
          FROM registry.telemetry
         CROSS JOIN unnest($5::text[]) AS f (name)
         CROSS JOIN LATERAL (SELECT CASE f.name WHEN 'cpu_percent' THEN cpu_percent WHEN 'memory_bytes' THEN memory_bytes::float8 WHEN 'disk_bytes' THEN disk_bytes::float8
                                    ELSE (numbers ->> f.name)::float8 END) AS v (value)
         WHERE agent_id = $1 AND time >= $2 AND time < $3 AND v.value IS NOT NULL
         GROUP BY starts_at, f.name
         ORDER BY starts_at DESC, f.name
        """;

    /// <summary>Adds points that all differ, at once; false, and nothing added, when one of them is there already.</summary>
    public Task<bool> TryCopyAsync(IReadOnlyCollection<TelemetryRecord> points) => WithConnectionAsync(points, async connection =>
    {
        try
        {
            await using var writer = await connection.BeginBinaryImportAsync(Copy, CancellationToken.None);
            foreach (var point in points)
                await WriteAsync(writer, point);
            await writer.CompleteAsync(CancellationToken.None);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation && e.ConstraintName?.EndsWith(PrimaryKeySuffix, StringComparison.Ordinal) is true) { return false; }
    });

    /// <summary>Adds those of the points that are not there yet; gives back which.</summary>
    public Task<HashSet<TelemetryKey>> AddMissingAsync(IReadOnlyCollection<TelemetryRecord> points) => WithConnectionAsync(points, async connection =>
    {
        await using var command = new NpgsqlCommand(AddMissing, connection);
        // Always in the same order, so that of two batches with the same points one waits for the other and never both.
        var ordered = points.OrderBy(p => p.AgentId, StringComparer.Ordinal).ThenBy(p => p.Time).ThenBy(p => p.Sequence).ToArray();
        foreach (var column in new object[]
        {
            Array.ConvertAll(ordered, p => p.AgentId), Array.ConvertAll(ordered, p => p.Time), Array.ConvertAll(ordered, p => p.Sequence),
            Array.ConvertAll(ordered, p => p.CpuPercent), Array.ConvertAll(ordered, p => p.MemoryBytes), Array.ConvertAll(ordered, p => p.DiskBytes),
            Array.ConvertAll(ordered, p => p.Numbers), Array.ConvertAll(ordered, p => p.Details), Array.ConvertAll(ordered, p => p.ReceivedAt),
        })
            command.Parameters.Add(new NpgsqlParameter { Value = column });
        await using var reader = await command.ExecuteReaderAsync();
        var added = new HashSet<TelemetryKey>();
        while (await reader.ReadAsync())
            added.Add(new TelemetryKey(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetInt64(2)));
        return added;
    });

    /// <summary>Makes the partitions of these days, where they are missing.</summary>
    public Task<List<int>> MakeDaysAsync(UnitOfWork work, DateOnly first, DateOnly last) => work.QueryAsync(MakeDays, row => row.GetInt32(0), first, last);

    /// <summary>Removes all days before this one; gives back how many there were.</summary>
    public async Task<int> DropDaysAsync(UnitOfWork work, DateOnly before) => (await work.QueryAsync(DropDays, row => row.GetInt32(0), before)).Single();

    public Task<(IReadOnlyList<TelemetryRecord> Rows, string NextToken)> ListAsync(
        PageRequest page, string agentId, DateTimeOffset? startAt, DateTimeOffset? endAt, ServerCallContext context)
    {
        var after = TelemetryRules.KeyOf(page, agentId);
        return database.QueryPageAsync(context, page, p => p.Key.ToToken(), p => p.Numbers.Length + p.Details.Length, List, Read, agentId, startAt ?? DateTimeOffset.MinValue,
            endAt ?? DateTimeOffset.MaxValue, after?.Time, after?.Sequence ?? 0, page.Fetch);
    }

    public Task<List<WindowRow>> SumAsync(string agentId, DateTimeOffset startAt, DateTimeOffset endAt, TimeSpan window, string[] fields, ServerCallContext context) =>
        database.QueryAsync(context, Sum, row => new WindowRow(
            row.GetFieldValue<DateTimeOffset>(0), row.GetString(1), row.GetDouble(2), row.GetDouble(3), row.GetDouble(4), row.GetDouble(5), row.GetInt64(6)),
            agentId, startAt, endAt, window.TotalSeconds, fields);

    // The system's connection: its callers hold none while they wait.
    private async Task<T> WithConnectionAsync<T>(IReadOnlyCollection<TelemetryRecord> points, Func<NpgsqlConnection, Task<T>> act)
    {
        try
        {
            try { return await RunAsync(act); }
            // A day that nobody has made ready yet: the sweeper has not come round since the start, or a clock was moved.
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CheckViolation && e.ConstraintName is null)
            {
                await using (var work = await database.BeginAsync(CancellationToken.None))
                {
                    await MakeDaysAsync(work, DayOf(points.Min(p => p.Time)), DayOf(points.Max(p => p.Time)));
                    await work.CommitAsync();
                }
                return await RunAsync(act);
            }
        }
        catch (NpgsqlException e) when (Database.IsConnectionLost(e))
        {
            source.Clear();
            tags.Clear();
            throw;
        }
    }

    private async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> act)
    {
        await using var rented = await pool.RentAsync(PoolTier.System, CancellationToken.None);
        if (!tags.Has(rented.Connection, ConnectionTag))
        {
            await using var command = new NpgsqlCommand(ConnectionTags.Set, rented.Connection) { Parameters = { new NpgsqlParameter { Value = ConnectionTag } } };
            await command.ExecuteNonQueryAsync();
            tags.Remember(rented.Connection, ConnectionTag);
        }
        return await act(rented.Connection);
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter writer, TelemetryRecord point)
    {
        await writer.StartRowAsync();
        await writer.WriteAsync(point.AgentId, NpgsqlDbType.Text);
        await writer.WriteAsync(point.Time, NpgsqlDbType.TimestampTz);
        await writer.WriteAsync(point.Sequence, NpgsqlDbType.Bigint);
        await WriteAsync(writer, point.CpuPercent, NpgsqlDbType.Double);
        await WriteAsync(writer, point.MemoryBytes, NpgsqlDbType.Bigint);
        await WriteAsync(writer, point.DiskBytes, NpgsqlDbType.Bigint);
        await writer.WriteAsync(point.Numbers, NpgsqlDbType.Jsonb);
        await writer.WriteAsync(point.Details, NpgsqlDbType.Jsonb);
        await writer.WriteAsync(point.ReceivedAt, NpgsqlDbType.TimestampTz);
    }

    private static Task WriteAsync<T>(NpgsqlBinaryImporter writer, T? value, NpgsqlDbType type) where T : struct =>
        value is { } given ? writer.WriteAsync(given, type) : writer.WriteNullAsync();

    private static DateOnly DayOf(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime);

    private static TelemetryRecord Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetFieldValue<DateTimeOffset>(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetDouble(3), row.IsDBNull(4) ? null : row.GetInt64(4),
        row.IsDBNull(5) ? null : row.GetInt64(5), row.GetString(6), row.GetString(7), row.GetFieldValue<DateTimeOffset>(8));
}
