using System.Threading.Channels;
using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>
/// Adds to one shard at a time, alone: takes what has gathered in the queue, writes it as one batch, answers its callers. It takes a lease when
/// it first needs one, renews it with every batch, and after any failure takes one anew, so that it never goes on from a head that may not be
/// the chain's.
/// </summary>
public sealed partial class ShardLoop(
    AppendQueue queue, ShardStore shards, ShardCheck check, ChainStore chain, WriterSource source, Anchor anchor, AuditSettings settings, TimeProvider clock, ILogger<ShardLoop> log)
{
    private const int BatchEntries = 2_000;
    private const int LeaseTries = 3;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AdoptEvery = TimeSpan.FromSeconds(15);

    private readonly string _holder = Guid.NewGuid().ToString();
    private ShardLease? _lease;
    private long _renewedAt;
    private long _adoptedAt;
    private long _unsignedSince;

    /// <summary>Works until the queue is closed and empty, then signs what is unsigned and gives the shard back.</summary>
    public async Task RunAsync()
    {
        Task<bool>? ready = null;
        while (true)
        {
            ready ??= queue.Reader.WaitToReadAsync().AsTask();
            await Task.WhenAny(ready, Task.Delay(Tick, clock));
            if (ready.IsCompleted)
            {
                if (!await ready)
                    break;
                ready = null;
                await WriteAsync(Gather());
            }
            await TendAsync();
        }
        await HandOverAsync();
    }

    // Whole appends: all entries of a call are in one batch, so that all are kept or none.
    private List<PendingAppend> Gather()
    {
        var (appends, entries) = (new List<PendingAppend>(), 0);
        while (entries < BatchEntries && queue.Reader.TryRead(out var append))
        {
            appends.Add(append);
            entries += append.Entries.Count;
        }
        return appends;
    }

    private async Task WriteAsync(List<PendingAppend> appends)
    {
        if (appends.Count == 0)
            return;
        try
        {
            await AppendAsync(appends);
        }
        // An entry that the database itself refuses must not take those of other callers with it.
        catch (PostgresException e) when (IsOfTheData(e) && appends.Count > 1)
        {
            foreach (var append in appends)
                await WriteAsync([append]);
            return;
        }
        catch (Exception e)
        {
            Failed(log, e, appends.Count);
            foreach (var append in appends)
                append.Fail(ToRefusal(e));
        }
        queue.Leave(appends);
    }

    private async Task AppendAsync(List<PendingAppend> appends)
    {
        var seen = new HashSet<Guid>();
        var entries = appends.SelectMany(a => a.Entries).Where(e => seen.Add(e.EventId)).ToList();
        var result = await WithLeaseAsync((connection, lease) =>
            chain.AppendAsync(connection, lease, entries, settings.Lease, IsCheckpointDue, CancellationToken.None));
        // The first append that brings an id has brought it; for all others it was there already.
        var left = new HashSet<Guid>(result.Added);
        foreach (var append in appends)
            append.Succeed(append.Entries.Count(e => left.Remove(e.EventId)));
    }

    // A lease that was lost has cost nothing: the batch goes into another shard.
    private async Task<BatchResult> WithLeaseAsync(Func<NpgsqlConnection, ShardLease, Task<BatchResult>> write)
    {
        for (var i = 1; ; i++)
        {
            try
            {
                await using var connection = await source.OpenAsync(CancellationToken.None);
                _lease ??= await AcquireAsync(connection);
                var result = await write(connection, _lease);
                Went(result);
                return result;
            }
            catch (Exception e)
            {
                _lease = null;
                var isLost = e is NpgsqlException npgsql && Database.IsConnectionLost(npgsql);
                if (isLost || e is CommitUnknownException)
                    source.Clear();
                // Before the commit nothing has happened; the server may just have been restarted.
                if (i >= LeaseTries || e is not LeaseLostException && !isLost)
                    throw;
            }
        }
    }

    // A shard that somebody has spoilt is left alone, and said so; the log goes on in another.
    private async Task<ShardLease> AcquireAsync(NpgsqlConnection connection)
    {
        while (true)
        {
            var lease = await shards.AcquireAsync(connection, _holder, settings.Lease, CancellationToken.None);
            if (await IsWholeAsync(connection, lease))
                return lease;
        }
    }

    private async Task<bool> IsWholeAsync(NpgsqlConnection connection, ShardLease lease)
    {
        if (await check.FindFaultAsync(connection, lease, CancellationToken.None) is not { } fault)
            return true;
        Spoilt(log, lease.Shard, fault);
        await shards.SetAsideAsync(connection, lease, CancellationToken.None);
        return false;
    }

    private void Went(BatchResult result)
    {
        if (_lease!.Unsigned == 0 && result.End.Unsigned > 0)
            _unsignedSince = clock.GetTimestamp();
        _lease = result.End;
        _renewedAt = clock.GetTimestamp();
        if (result.Checkpoint is { } checkpoint)
            anchor.Keep(checkpoint);
    }

    private bool IsCheckpointDue(ShardLease end) => end.Unsigned >= settings.CheckpointEntries
        || _lease!.Unsigned > 0 && clock.GetElapsedTime(_unsignedSince) >= settings.CheckpointEvery;

    // What time asks for: a checkpoint, the lease, shards that others have left.
    private async Task TendAsync()
    {
        try
        {
            if (_lease is { Unsigned: > 0 } unsigned && IsCheckpointDue(unsigned))
                await WithLeaseAsync((connection, lease) => lease.Unsigned > 0
                    ? chain.CheckpointAsync(connection, lease, settings.Lease, CancellationToken.None) : Task.FromResult(new BatchResult(new HashSet<Guid>(), lease, null)));
            else if (_lease is { } lease && clock.GetElapsedTime(_renewedAt) >= settings.Lease / 3)
                await RenewAsync(lease);
            if (_lease is not null && clock.GetElapsedTime(_adoptedAt) >= AdoptEvery)
                await AdoptAsync();
        }
        // The database is away; the next call, or the next tick, begins with a lease of its own.
        catch (Exception e)
        {
            _lease = null;
            TendingFailed(log, e);
        }
    }

    private async Task RenewAsync(ShardLease lease)
    {
        await using var connection = await source.OpenAsync(CancellationToken.None);
        await shards.RenewAsync(connection, lease, settings.Lease, CancellationToken.None);
        _renewedAt = clock.GetTimestamp();
    }

    // An instance that died has left entries without a checkpoint: they get one now, and the shard is free again.
    private async Task AdoptAsync()
    {
        _adoptedAt = clock.GetTimestamp();
        await using var connection = await source.OpenAsync(CancellationToken.None);
        if (await shards.AcquireUnsignedAsync(connection, $"{_holder}/adopted", settings.Lease, CancellationToken.None) is not { } left || !await IsWholeAsync(connection, left))
            return;
        var result = await chain.CheckpointAsync(connection, left, settings.Lease, CancellationToken.None);
        anchor.Keep(result.Checkpoint!);
        await shards.ReleaseAsync(connection, result.End, CancellationToken.None);
    }

    private async Task HandOverAsync()
    {
        if (_lease is null)
            return;
        try
        {
            await using var connection = await source.OpenAsync(CancellationToken.None);
            if (_lease.Unsigned > 0)
                Went(await chain.CheckpointAsync(connection, _lease, settings.Lease, CancellationToken.None));
            await shards.ReleaseAsync(connection, _lease, CancellationToken.None);
        }
        // The lease ends by itself, and whoever takes the shard signs what is left.
        catch (Exception e) { TendingFailed(log, e); }
    }

    private static bool IsOfTheData(PostgresException e) => e.SqlState.StartsWith("22", StringComparison.Ordinal) || e.SqlState.StartsWith("23", StringComparison.Ordinal);

    private static Exception ToRefusal(Exception e) => e switch
    {
        PlatformException or CommitUnknownException => e,
        PostgresException { SqlState: [not ('0' or '5'), ..] } => e,
        _ => Errors.Unavailable("The database", e),
    };

    [LoggerMessage(LogLevel.Critical, "Shard {Shard} of the audit log is not what it was: {Fault}. It is set aside; verify the log")]
    private static partial void Spoilt(ILogger log, int shard, string fault);

    [LoggerMessage(LogLevel.Warning, "A batch of {Calls} calls was not written")]
    private static partial void Failed(ILogger log, Exception exception, int calls);

    [LoggerMessage(LogLevel.Warning, "Tending the shard failed; it is tried again")]
    private static partial void TendingFailed(ILogger log, Exception exception);
}
