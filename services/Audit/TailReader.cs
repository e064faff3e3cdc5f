using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;

namespace AgentPlatform.Audit;

/// <summary>
/// Follows the log. A shard's entries are committed in the order of their positions by one writer at a time, so reading on from the last position
/// of each shard skips nothing, whatever the clocks and whoever writes.
/// </summary>
public sealed class TailReader(ChainReader chains, AuditStore store, TimeProvider clock, IHostApplicationLifetime lifetime)
{
    private const int MaximumTails = 64;
    private const int PieceEntries = 200;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private int _tails;

    /// <summary>Streams until the caller leaves or the process stops.</summary>
    public async Task RunAsync(AuditFilter filter, ShardPositions? after, IServerStreamWriter<TailEntriesResponse> output, ServerCallContext context)
    {
        try
        {
            if (Interlocked.Increment(ref _tails) > MaximumTails)
                throw new PlatformException(StatusCode.ResourceExhausted, "TOO_MANY_TAILS", $"{MaximumTails} streams are open here; close one, or come back.")
                {
                    RetryAfter = LookEvery,
                };
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
            await FollowAsync(filter, after, output, context, stop.Token);
        }
        // Another instance goes on from the last token.
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new PlatformException(StatusCode.Unavailable, "STOPPING", "This instance is stopping; resume with the last token.") { RetryAfter = LookEvery };
        }
        finally
        {
            Interlocked.Decrement(ref _tails);
        }
    }

    private async Task FollowAsync(
        AuditFilter filter, ShardPositions? after, IServerStreamWriter<TailEntriesResponse> output, ServerCallContext context, CancellationToken stop)
    {
        var heads = await store.HeadsAsync(context);
        var cursor = after?.Copy() ?? heads;
        await CheckAsync(cursor, heads, after is { } given && given.Shards.Any(), context);
        // At once, so that who begins now knows from where to resume before anything has come.
        await output.WriteAsync(new TailEntriesResponse { ResumeToken = cursor.ToString() }, stop);
        while (true)
        {
            foreach (var (shard, head) in (await store.HeadsAsync(context)).All)
                await ReadUpToAsync(shard, head, cursor, filter, output, context, stop);
            await Task.Delay(LookEvery, clock, stop);
        }
    }

    private async Task ReadUpToAsync(int shard, long head, ShardPositions cursor, AuditFilter filter, IServerStreamWriter<TailEntriesResponse> output,
        ServerCallContext context, CancellationToken stop)
    {
        while (cursor[shard] < head)
        {
            var piece = await chains.EntriesAsync(shard, cursor[shard], head, PieceEntries, context);
            if (piece.Count == 0)
                return;
            cursor[shard] = piece[^1].Position;
            var answer = new TailEntriesResponse { Entries = { piece.Where(e => Matches(e, filter)).Select(e => e.ToProto()) }, ResumeToken = cursor.ToString() };
            if (answer.Entries.Count > 0)
                await output.WriteAsync(answer, stop);
        }
    }

    private async Task CheckAsync(ShardPositions cursor, ShardPositions heads, bool isResumed, ServerCallContext context)
    {
        foreach (var (shard, position) in cursor.All)
            if (position > heads[shard])
                throw new PlatformException(StatusCode.OutOfRange, "POSITION_BEYOND_END", $"Shard {shard} ends at position {heads[shard]}; {position} is not there yet.");
        foreach (var (shard, dropped) in await chains.DroppedAsync(context))
        {
            if (isResumed && cursor[shard] < dropped.Position)
                throw new PlatformException(StatusCode.OutOfRange, "ENTRIES_DROPPED",
                    $"Retention has dropped shard {shard} up to position {dropped.Position}; what followed {cursor[shard]} is gone. Begin anew.");
            cursor[shard] = Math.Max(cursor[shard], dropped.Position);
        }
    }

    private static bool Matches(AuditRecord entry, AuditFilter filter) =>
        (filter.AgentId.Length == 0 || entry.AgentId == filter.AgentId)
        && (filter.Operation.Length == 0 || entry.Operation == filter.Operation)
        && entry.Operation.StartsWith(filter.OperationPrefix, StringComparison.Ordinal);
}
