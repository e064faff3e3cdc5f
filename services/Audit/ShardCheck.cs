using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>
/// Looks at a shard before it is gone on with or signed: its head comes from the database, and with our signature under it a forged head would be
/// proven. What the last checkpoint covers is proven already; the rest must lead from there to the head.
/// </summary>
public sealed class ShardCheck(WriterSource source, SigningKeys keys)
{
    private const string LastCheckpoint = """
        SELECT shard, number, position, hash, signed_at, key_id, signature FROM audit.checkpoints WHERE shard = $1 AND number = $2
        """;

    private const string Unsigned = $"SELECT {AuditStore.Columns} FROM audit.audit_log WHERE shard = $1 AND position > $2 ORDER BY shard, position";

    /// <summary>Null when the shard is whole; otherwise what is wrong with it.</summary>
    public async Task<string?> FindFaultAsync(NpgsqlConnection connection, ShardLease lease, CancellationToken cancellation)
    {
        if (await CheckpointHashAsync(connection, lease, cancellation) is not { } previous)
            return $"checkpoint {lease.CheckpointNumber} is missing or its signature does not hold";
        await using var command = source.Command(connection, Unsigned, lease.Shard, lease.CheckpointPosition);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var (hash, position) = (new ChainHash(), lease.CheckpointPosition);
        while (await reader.ReadAsync(cancellation))
        {
            var entry = AuditStore.Read(reader);
            position++;
            if (entry.Position != position || !entry.PreviousHash.AsSpan().SequenceEqual(previous) || !hash.Of(entry).AsSpan().SequenceEqual(entry.Hash))
                return $"the chain is broken at position {position}";
            previous = entry.Hash;
        }
        return position == lease.Position && previous.AsSpan().SequenceEqual(lease.Hash) ? null : $"the chain ends at position {position}, its head says {lease.Position}";
    }

    private async Task<byte[]?> CheckpointHashAsync(NpgsqlConnection connection, ShardLease lease, CancellationToken cancellation)
    {
        if (lease.CheckpointNumber == 0)
            return ChainHash.Beginning;
        await using var command = source.Command(connection, LastCheckpoint, lease.Shard, lease.CheckpointNumber);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
            return null;
        var checkpoint = ChainReader.ReadCheckpoint(reader);
        return checkpoint.Position == lease.CheckpointPosition && keys.Holds(checkpoint.KeyId, checkpoint.Statement, checkpoint.Signature) ? checkpoint.Hash : null;
    }
}
