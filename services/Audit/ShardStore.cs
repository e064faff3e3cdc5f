using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>
/// Who adds to which shard. The database's clock decides when a lease ends, and the epoch what its holder may still do: every batch renews
/// the lease first, which fails for an epoch of the past and locks the row for the rest of the transaction, so that nobody takes the shard
/// over in the midst of it.
/// </summary>
public sealed class ShardStore(WriterSource source)
{
    private const int Tries = 5;

    // Looked at again afterwards: the fault may have been a key that had not been named.
    private static readonly TimeSpan SetAsideFor = TimeSpan.FromHours(1);
    private const string Columns = "shard, epoch, head_position, head_hash, head_recorded_at, checkpoint_number, checkpoint_position";

    // Its own first: after a broken connection a writer goes on where it was.
    private const string TakeOver = $"""
        UPDATE audit.shards SET epoch = epoch + 1, holder = $1, leased_until = clock_timestamp() + $2
         WHERE shard = (SELECT shard FROM audit.shards WHERE holder = $1 OR leased_until <= clock_timestamp()
                         ORDER BY (holder = $1) DESC, shard LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING {Columns}
        """;

    private const string TakeOverUnsigned = $"""
        UPDATE audit.shards SET epoch = epoch + 1, holder = $1, leased_until = clock_timestamp() + $2
         WHERE shard = (SELECT shard FROM audit.shards WHERE leased_until <= clock_timestamp() AND head_position > checkpoint_position
                         ORDER BY shard LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING {Columns}
        """;

    // Two at once choose the same number; one of them then has no row and tries again.
    private const string Open = $"""
        INSERT INTO audit.shards (shard, epoch, holder, leased_until, head_position, head_hash, head_recorded_at, checkpoint_number, checkpoint_position)
        SELECT coalesce(max(shard) + 1, 0), 1, $1, clock_timestamp() + $2, 0, $3, 'epoch', 0, 0 FROM audit.shards
        ON CONFLICT DO NOTHING
        RETURNING {Columns}
        """;

    private const string RenewIt = "UPDATE audit.shards SET leased_until = clock_timestamp() + $3 WHERE shard = $1 AND epoch = $2 RETURNING 1";
    private const string SetAsideIt = "UPDATE audit.shards SET leased_until = clock_timestamp() + $3, holder = 'set aside' WHERE shard = $1 AND epoch = $2";
    private const string ReleaseIt = "UPDATE audit.shards SET leased_until = clock_timestamp(), holder = '' WHERE shard = $1 AND epoch = $2";

    /// <summary>A shard for this holder: its own, else one that nobody holds any more, else a new one.</summary>
    public async Task<ShardLease> AcquireAsync(NpgsqlConnection connection, string holder, TimeSpan lease, CancellationToken cancellation)
    {
        for (var i = 0; i < Tries; i++)
        {
            if (await TakeAsync(connection, TakeOver, cancellation, holder, lease) is { } taken)
                return taken;
            if (await TakeAsync(connection, Open, cancellation, holder, lease, ChainHash.Beginning) is { } opened)
                return opened;
        }
        throw Errors.Unavailable("The audit log's writer", new InvalidOperationException("No shard could be had."));
    }

    /// <summary>A shard whose holder has gone and has left entries that no checkpoint covers; null when there is none.</summary>
    public Task<ShardLease?> AcquireUnsignedAsync(NpgsqlConnection connection, string holder, TimeSpan lease, CancellationToken cancellation) =>
        TakeAsync(connection, TakeOverUnsigned, cancellation, holder, lease);

    /// <summary>Keeps the lease, or finds it lost.</summary>
    public async Task RenewAsync(NpgsqlConnection connection, ShardLease lease, TimeSpan duration, CancellationToken cancellation)
    {
        await using var command = source.Command(connection, RenewIt, lease.Shard, lease.Epoch, duration);
        if (await command.ExecuteScalarAsync(cancellation) is null)
            throw new LeaseLostException(lease.Shard);
    }

    /// <summary>Keeps everybody from a shard that is not whole.</summary>
    public async Task SetAsideAsync(NpgsqlConnection connection, ShardLease lease, CancellationToken cancellation)
    {
        await using var command = source.Command(connection, SetAsideIt, lease.Shard, lease.Epoch, SetAsideFor);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Gives the shard to whoever comes next.</summary>
    public async Task ReleaseAsync(NpgsqlConnection connection, ShardLease lease, CancellationToken cancellation)
    {
        await using var command = source.Command(connection, ReleaseIt, lease.Shard, lease.Epoch);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<ShardLease?> TakeAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = source.Command(connection, sql, values);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? new ShardLease(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3),
                reader.GetFieldValue<DateTimeOffset>(4), reader.GetInt64(5), reader.GetInt64(6))
            : null;
    }
}
