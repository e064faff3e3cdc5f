using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>
/// Writes batches into a chain. One transaction a batch, four round trips: the lease and the event ids, COPY (two), the head and the commit.
/// It goes round the unit of work on purpose: it is the audit log's own group commit, in which the calls of many callers share a transaction, and
/// its effect is idempotent by event id.
/// </summary>
public sealed class ChainStore(WriterSource source, SigningKeys keys, TimeProvider clock)
{
    private const int MonthsAhead = 2;

    private const string Renew = "UPDATE audit.shards SET leased_until = clock_timestamp() + $3 WHERE shard = $1 AND epoch = $2 RETURNING 1";

    // In the order of the ids, so that two instances with ids in common wait for each other instead of locking each other out.
    private const string AddIds = """
        INSERT INTO audit.event_ids (event_id, recorded_at, shard)
        SELECT e.event_id, e.recorded_at, $3 FROM unnest($1::uuid[], $2::timestamptz[]) AS e (event_id, recorded_at) ORDER BY e.event_id
        ON CONFLICT ON CONSTRAINT event_ids_pkey DO NOTHING
        RETURNING event_id
        """;

    private const string CopyEntries = $"COPY audit.audit_log ({EntryCopy.Columns}) FROM STDIN (FORMAT binary)";

    private const string AddCheckpoint = """
        INSERT INTO audit.checkpoints (shard, number, position, hash, signed_at, key_id, signature) VALUES ($1, $2, $3, $4, $5, $6, $7)
        """;

    private const string MoveHead = """
        UPDATE audit.shards SET head_position = $3, head_hash = $4, head_recorded_at = $5, checkpoint_number = $6, checkpoint_position = $7
         WHERE shard = $1 AND epoch = $2
        """;

    private const string MakePartitions = "SELECT audit.make_partitions($1, $2)";

    private readonly ChainHash _hash = new();
    private DateOnly _partitionedUntil = DateOnly.MinValue;

    /// <summary>
    /// Adds the entries whose event id is new, in their order, and a checkpoint after them if one is due. Gives back the new event ids and where the
    /// chain ends now. Nothing is kept when it fails, unless with <see cref="CommitUnknownException"/>.
    /// </summary>
    public async Task<BatchResult> AppendAsync(
        NpgsqlConnection connection, ShardLease lease, IReadOnlyList<AuditRecord> entries, TimeSpan leaseFor, Func<ShardLease, bool> isCheckpointDue,
        CancellationToken cancellation)
    {
        var times = TimesOf(lease, entries.Count);
        await EnsurePartitionsAsync(connection, times[^1], cancellation);
        var added = await AddIdsAsync(connection, lease, entries, times, leaseFor, cancellation);
        var chained = Chain(lease, entries, times, added);
        if (chained.Count > 0)
            await CopyAsync(connection, chained, cancellation);

        var end = chained.Count == 0 ? lease
            : lease with { Position = chained[^1].Position, Hash = chained[^1].Hash, RecordedAt = chained[^1].RecordedAt };
        var checkpoint = end.Unsigned > 0 && isCheckpointDue(end) ? Sign(end) : null;
        if (checkpoint is not null)
            end = end with { CheckpointNumber = checkpoint.Number, CheckpointPosition = checkpoint.Position };
        await CommitAsync(connection, end, checkpoint);
        return new BatchResult(added, end, checkpoint);
    }

    /// <summary>Makes a checkpoint of where the chain ends.</summary>
    public async Task<BatchResult> CheckpointAsync(NpgsqlConnection connection, ShardLease lease, TimeSpan leaseFor, CancellationToken cancellation)
    {
        await using (var batch = new NpgsqlBatch(connection))
        {
            Add(batch, "BEGIN");
            Add(batch, Renew, lease.Shard, lease.Epoch, leaseFor);
            if (await batch.ExecuteScalarAsync(cancellation) is null)
                throw new LeaseLostException(lease.Shard);
        }
        var checkpoint = Sign(lease);
        var end = lease with { CheckpointNumber = checkpoint.Number, CheckpointPosition = checkpoint.Position };
        await CommitAsync(connection, end, checkpoint);
        return new BatchResult(new HashSet<Guid>(), end, checkpoint);
    }

    /// <summary>Makes the partitions of this month and the next ones.</summary>
    public async Task EnsurePartitionsAsync(NpgsqlConnection connection, DateTimeOffset time, CancellationToken cancellation)
    {
        var day = DateOnly.FromDateTime(time.UtcDateTime);
        if (day <= _partitionedUntil)
            return;
        await using var command = source.Command(connection, MakePartitions, day, day.AddMonths(MonthsAhead));
        await command.ExecuteNonQueryAsync(cancellation);
        // Looked at again a month ahead of need, and at each start.
        _partitionedUntil = new DateOnly(day.Year, day.Month, 1).AddMonths(1).AddDays(-1);
    }

    // Each a microsecond after the one before at least: a clock that stands still or jumps back does not disturb the order.
    private DateTimeOffset[] TimesOf(ShardLease lease, int count)
    {
        var now = clock.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        var next = lease.RecordedAt.AddMicroseconds(1);
        var first = now > next ? now : next;
        var times = new DateTimeOffset[count];
        for (var i = 0; i < count; i++)
            times[i] = first.AddMicroseconds(i);
        return times;
    }

    private static async Task<HashSet<Guid>> AddIdsAsync(NpgsqlConnection connection, ShardLease lease, IReadOnlyList<AuditRecord> entries,
        DateTimeOffset[] times, TimeSpan leaseFor, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        Add(batch, "BEGIN");
        Add(batch, Renew, lease.Shard, lease.Epoch, leaseFor);
        Add(batch, AddIds, entries.Select(e => e.EventId).ToArray(), times, lease.Shard);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
            throw new LeaseLostException(lease.Shard);
        await reader.NextResultAsync(cancellation);
        var added = new HashSet<Guid>(entries.Count);
        while (await reader.ReadAsync(cancellation))
            added.Add(reader.GetGuid(0));
        return added;
    }

    private List<AuditRecord> Chain(ShardLease lease, IReadOnlyList<AuditRecord> entries, DateTimeOffset[] times, HashSet<Guid> added)
    {
        var chained = new List<AuditRecord>(added.Count);
        var (position, previous) = (lease.Position, lease.Hash);
        for (var i = 0; i < entries.Count; i++)
        {
            if (!added.Contains(entries[i].EventId))
                continue;
            var placed = entries[i] with { Shard = lease.Shard, Position = ++position, RecordedAt = times[i], PreviousHash = previous };
            previous = _hash.Of(placed);
            chained.Add(placed with { Hash = previous });
        }
        return chained;
    }

    private static async Task CopyAsync(NpgsqlConnection connection, List<AuditRecord> entries, CancellationToken cancellation)
    {
        await using var copy = await connection.BeginBinaryImportAsync(CopyEntries, cancellation);
        foreach (var entry in entries)
            await EntryCopy.WriteAsync(copy, entry, cancellation);
        await copy.CompleteAsync(cancellation);
    }

    private CheckpointRecord Sign(ShardLease end)
    {
        var now = clock.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        var unsigned = new CheckpointRecord(
            end.Shard, end.CheckpointNumber + 1, end.Position, end.Hash, now > end.RecordedAt ? now : end.RecordedAt, keys.KeyId, []);
        return unsigned with { Signature = keys.Sign(unsigned.Statement) };
    }

    private static async Task CommitAsync(NpgsqlConnection connection, ShardLease end, CheckpointRecord? checkpoint)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (checkpoint is { } made)
            Add(batch, AddCheckpoint, made.Shard, made.Number, made.Position, made.Hash, made.SignedAt, made.KeyId, made.Signature);
        Add(batch, MoveHead, end.Shard, end.Epoch, end.Position, end.Hash, end.RecordedAt, end.CheckpointNumber, end.CheckpointPosition);
        Add(batch, "COMMIT");
        // Not cancellable: once sent, a commit is not taken back. What the server itself refuses did not happen.
        try { await batch.ExecuteNonQueryAsync(CancellationToken.None); }
        catch (NpgsqlException e) when (e is not PostgresException || Database.IsConnectionLost(e)) { throw new CommitUnknownException(e); }
    }

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<object> values)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = sql;
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
    }
}
