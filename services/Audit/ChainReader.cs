using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>Reads along the chains, in pieces, so that no connection is held for as long as a caller reads.</summary>
public sealed class ChainReader(Database database)
{
    private const string Entries = $"""
        SELECT {AuditStore.Columns} FROM audit.audit_log WHERE shard = $1 AND position > $2 AND position <= $3 ORDER BY shard, position LIMIT $4
        """;

    private const string CheckpointColumns = "shard, number, position, hash, signed_at, key_id, signature";

    private const string Within = $"""
        SELECT {CheckpointColumns} FROM audit.checkpoints WHERE shard = $1 AND position >= $2 AND position <= $3 ORDER BY position LIMIT $4
        """;

    private const string ListThem = $"""
        SELECT {CheckpointColumns} FROM audit.checkpoints WHERE ($1::int IS NULL OR shard = $1) AND (shard, number) > ($2, $3) ORDER BY shard, number LIMIT $4
        """;

    private const string Dropped = "SELECT DISTINCT ON (shard) shard, position, hash FROM audit.retention ORDER BY shard, position DESC";
    private const string ShardNumbers = "SELECT shard, head_position FROM audit.shards ORDER BY shard";

    // Within a shard time rises with the position, so the ends of a range of time are found in the order of time.
    private const string FirstSince = "SELECT position FROM audit.audit_log WHERE shard = $1 AND recorded_at >= $2 ORDER BY recorded_at LIMIT 1";
    private const string LastBefore = "SELECT position FROM audit.audit_log WHERE shard = $1 AND recorded_at < $2 ORDER BY recorded_at DESC LIMIT 1";
    private const string First = "SELECT position FROM audit.audit_log WHERE shard = $1 ORDER BY shard, position LIMIT 1";

    /// <summary>A shard's entries after a position, up to and with another.</summary>
    public Task<List<AuditRecord>> EntriesAsync(int shard, long after, long upTo, int limit, ServerCallContext context) =>
        database.QueryAsync(context, Entries, AuditStore.Read, shard, after, upTo, limit);

    /// <summary>A shard's checkpoints from one position to another.</summary>
    public Task<List<CheckpointRecord>> CheckpointsAsync(int shard, long from, long upTo, int limit, ServerCallContext context) =>
        database.QueryAsync(context, Within, ReadCheckpoint, shard, from, upTo, limit);

    /// <summary>Checkpoints by shard and number, after these.</summary>
    public Task<List<CheckpointRecord>> ListCheckpointsAsync(int? shard, (int Shard, long Number) after, int limit, ServerCallContext context) =>
        database.QueryAsync(context, ListThem, ReadCheckpoint, shard.HasValue ? shard.Value : null, after.Shard, after.Number, limit);

    /// <summary>The last entry of each shard that retention has dropped.</summary>
    public async Task<IReadOnlyDictionary<int, (long Position, byte[] Hash)>> DroppedAsync(ServerCallContext context) =>
        (await database.QueryAsync(context, Dropped, row => (Shard: row.GetInt32(0), Position: row.GetInt64(1), Hash: row.GetFieldValue<byte[]>(2))))
        .ToDictionary(d => d.Shard, d => (d.Position, d.Hash));

    /// <summary>All shards, with where the table of shards says that they end.</summary>
    public Task<List<(int Shard, long Head)>> ShardsAsync(ServerCallContext context) =>
        database.QueryAsync(context, ShardNumbers, row => (row.GetInt32(0), row.GetInt64(1)));

    /// <summary>The first position of a shard that is there; 0 when it is empty.</summary>
    public async Task<long> FirstAsync(int shard, ServerCallContext context) => await PositionAsync(context, First, shard);

    /// <summary>The first position recorded at this time or later; 0 when there is none.</summary>
    public async Task<long> FirstSinceAsync(int shard, DateTimeOffset time, ServerCallContext context) => await PositionAsync(context, FirstSince, shard, time);

    /// <summary>The last position recorded before this time; 0 when there is none.</summary>
    public async Task<long> LastBeforeAsync(int shard, DateTimeOffset time, ServerCallContext context) => await PositionAsync(context, LastBefore, shard, time);

    private async Task<long> PositionAsync(ServerCallContext context, string sql, params object?[] values) =>
        (await database.QueryAsync(context, sql, row => row.GetInt64(0), values)).SingleOrDefault();

    /// <summary>Reads a row of a checkpoint: shard, number, position, hash, signed_at, key_id, signature.</summary>
    public static CheckpointRecord ReadCheckpoint(NpgsqlDataReader row) => new(
        row.GetInt32(0), row.GetInt64(1), row.GetInt64(2), row.GetFieldValue<byte[]>(3), row.GetFieldValue<DateTimeOffset>(4), row.GetString(5),
        row.GetFieldValue<byte[]>(6));
}
