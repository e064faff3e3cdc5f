using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;

namespace AgentPlatform.Audit;

/// <summary>
/// Checks chains as they lie in the database against their own hashes, the checkpoints, and this instance's anchor file, which whoever owns the
/// database cannot change.
/// </summary>
public sealed class ChainVerifier(ChainReader chains, Anchor anchor, SigningKeys keys)
{
    public const int MaximumEntries = 1_000_000;
    private const int MaximumBreaks = 100;
    private const int PieceEntries = 2_000;

    /// <summary>Checks what is asked for; the shard and both positions may be left open.</summary>
    public async Task<VerifyEntriesResponse> VerifyAsync(int? only, long start, long end, ServerCallContext context)
    {
        var answer = new VerifyEntriesResponse();
        var dropped = await chains.DroppedAsync(context);
        // The anchor before the table: what is written meanwhile is then missing in neither.
        var anchored = await AnchoredAsync(only, context.CancellationToken);
        var heads = (await chains.ShardsAsync(context)).ToDictionary(s => s.Shard, s => s.Head);
        foreach (var shard in heads.Keys.Union(anchored.Keys).Order().Where(s => only is null || only == s))
        {
            var run = new Run(shard, dropped.GetValueOrDefault(shard, (0, ChainHash.Beginning)), answer);
            await VerifyAsync(run, start, end > 0 ? end : long.MaxValue, heads.GetValueOrDefault(shard), anchored.GetValueOrDefault(shard) ?? [], context);
        }
        var ordered = answer.Breaks.OrderBy(b => b.Shard).ThenBy(b => b.Position).ToList();
        answer.Breaks.Clear();
        answer.Breaks.Add(ordered);
        return answer;
    }

    private async Task VerifyAsync(Run run, long start, long end, long head, List<CheckpointRecord> anchored, ServerCallContext context)
    {
        var shard = run.Shard;
        var from = Math.Max(start, run.Dropped.Position + 1);
        // The entry before the range tells how the range must begin.
        if (from > run.Dropped.Position + 1 && await chains.EntriesAsync(shard, from - 2, from - 1, 1, context) is [var before])
            run.Begin(before);
        else
            run.BeginAt(from);

        while (run.Next <= end && run.Answer.EntryCount < MaximumEntries)
        {
            var limit = (int)Math.Min(PieceEntries, MaximumEntries - run.Answer.EntryCount);
            var piece = await chains.EntriesAsync(shard, run.Next - 1, end, limit, context);
            if (piece.Count == 0)
                break;
            var checkpoints = await chains.CheckpointsAsync(shard, piece[0].Position, piece[^1].Position, PieceEntries + 1, context);
            run.Expect(checkpoints, anchored, piece[0].Position, piece[^1].Position, keys);
            foreach (var entry in piece)
                run.Check(entry);
        }

        var stopped = run.Answer.EntryCount >= MaximumEntries && run.Next <= Math.Min(end, head);
        if (!stopped)
            await CheckEndAsync(run, end, head, anchored, context);
        run.Finish(!stopped);
    }

    // What should have come and did not: the table of shards, its checkpoints and the anchor each say how far the chain went.
    private async Task CheckEndAsync(Run run, long end, long head, List<CheckpointRecord> anchored, ServerCallContext context)
    {
        var beyond = await chains.CheckpointsAsync(run.Shard, Math.Max(run.Next, 1), end, MaximumBreaks, context);
        run.ExpectSignatures(beyond, keys);
        var reached = beyond.Concat(anchored.Where(a => a.Position >= run.Next && a.Position <= end && keys.Holds(a.KeyId, a.Statement, a.Signature)))
            .Select(c => c.Position).Append(Math.Min(head, end)).Max();
        if (reached >= run.Next)
            run.Break(run.Next, BreakKind.Truncated, $"the shard went on to position {reached:N0} at least, and ends before {run.Next:N0}");
    }

    private async Task<Dictionary<int, List<CheckpointRecord>>> AnchoredAsync(int? only, CancellationToken cancellation)
    {
        var anchored = new Dictionary<int, List<CheckpointRecord>>();
        await foreach (var checkpoint in anchor.ReadAsync().WithCancellation(cancellation))
        {
            if (only is { } shard && shard != checkpoint.Shard)
                continue;
            if (!anchored.TryGetValue(checkpoint.Shard, out var list))
                anchored[checkpoint.Shard] = list = [];
            list.Add(checkpoint);
        }
        return anchored;
    }

    // One shard's check as it goes along.
    private sealed class Run(int shard, (long Position, byte[] Hash) dropped, VerifyEntriesResponse answer)
    {
        private readonly ChainHash _hash = new();
        private readonly Dictionary<long, List<(byte[] Hash, string Source)>> _signed = [];
        private byte[]? _previous;
        private DateTimeOffset _recordedAt = DateTimeOffset.MinValue;
        private long _checkpointNumber;
        private long _first;
        private long _signedUpTo;

        public int Shard => shard;
        public (long Position, byte[] Hash) Dropped => dropped;
        public VerifyEntriesResponse Answer => answer;
        public long Next { get; private set; } = 1;

        public void Begin(AuditRecord before) => (Next, _previous, _recordedAt) = (before.Position + 1, before.Hash, before.RecordedAt);

        // Where the shard itself begins, the hash before is known: of the last entry that retention dropped, or none.
        public void BeginAt(long position) => (Next, _previous) = (position, position == dropped.Position + 1 ? dropped.Hash : null);

        /// <summary>What checkpoints say of the positions of a piece.</summary>
        public void Expect(List<CheckpointRecord> checkpoints, List<CheckpointRecord> anchored, long from, long to, SigningKeys keys)
        {
            ExpectSignatures(checkpoints, keys);
            foreach (var checkpoint in checkpoints)
                Expect(checkpoint, "the checkpoint");
            foreach (var checkpoint in anchored.Where(a => a.Position >= from && a.Position <= to && keys.Holds(a.KeyId, a.Statement, a.Signature)))
            {
                if (!checkpoints.Exists(c => c.Position == checkpoint.Position))
                    Break(checkpoint.Position, BreakKind.CheckpointMissing, $"checkpoint {checkpoint.Number} is in the anchor and not in the database");
                Expect(checkpoint, "the anchored checkpoint");
            }
        }

        /// <summary>Checks signatures and that no number is left out.</summary>
        public void ExpectSignatures(List<CheckpointRecord> checkpoints, SigningKeys keys)
        {
            foreach (var checkpoint in checkpoints)
            {
                answer.CheckpointCount++;
                if (!keys.Holds(checkpoint.KeyId, checkpoint.Statement, checkpoint.Signature))
                    Break(checkpoint.Position, BreakKind.BadSignature, $"the signature of checkpoint {checkpoint.Number} does not hold, or its key {checkpoint.KeyId} is not known");
                if (_checkpointNumber > 0 && checkpoint.Number != _checkpointNumber + 1)
                    Break(checkpoint.Position, BreakKind.CheckpointMissing, $"checkpoint {_checkpointNumber} is followed by {checkpoint.Number}");
                _checkpointNumber = checkpoint.Number;
            }
        }

        public void Check(AuditRecord entry)
        {
            answer.EntryCount++;
            if (entry.Position > Next)
                Break(Next, BreakKind.Gap, $"positions {Next:N0} to {entry.Position - 1:N0} are missing");
            else if (entry.Position < Next)
                Break(entry.Position, BreakKind.OutOfOrder, "the position is there more than once");
            else if (_previous is not null && !entry.PreviousHash.AsSpan().SequenceEqual(_previous))
                Break(entry.Position, BreakKind.OutOfOrder, "the entry does not follow the one before it");
            if (entry.RecordedAt < _recordedAt)
                Break(entry.Position, BreakKind.OutOfOrder, "the entry was recorded before the one before it");
            if (!_hash.Of(entry).AsSpan().SequenceEqual(entry.Hash))
                Break(entry.Position, BreakKind.Changed, "the entry is not what its hash says");
            foreach (var (hash, source) in _signed.GetValueOrDefault(entry.Position) ?? [])
                if (!entry.Hash.AsSpan().SequenceEqual(hash))
                    Break(entry.Position, BreakKind.Rewritten, $"the entry's hash is not that of {source}");
            if (_signed.Remove(entry.Position))
                _signedUpTo = entry.Position;
            _first = _first == 0 ? entry.Position : _first;
            (Next, _previous, _recordedAt) = (entry.Position + 1, entry.Hash, entry.RecordedAt);
        }

        public void Break(long position, BreakKind kind, string detail)
        {
            if (answer.Breaks.Count < MaximumBreaks)
                answer.Breaks.Add(new ChainBreak { Shard = shard, Position = position, Kind = kind, Detail = detail });
        }

        public void Finish(bool complete) => answer.Shards.Add(new VerifiedShard
        {
            Shard = shard,
            FirstPosition = _first,
            LastPosition = _first == 0 ? 0 : Next - 1,
            SignedPosition = _signedUpTo,
            Complete = complete,
        });

        private void Expect(CheckpointRecord checkpoint, string source)
        {
            if (!_signed.TryGetValue(checkpoint.Position, out var list))
                _signed[checkpoint.Position] = list = [];
            list.Add((checkpoint.Hash, source));
        }
    }
}
