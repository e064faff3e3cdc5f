namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>
/// Verifies an export with public keys alone, line by line, so that a file of any size will do. Numbers in comments are the steps of
/// "How to verify" in docs/audit-format.md.
/// </summary>
public sealed class ExportVerifier
{
    private const string Format = "agentplatform.audit.export.v1";
    private static readonly string Beginning = new('0', 64);

    private readonly PublicKeys _keys;
    private readonly Anchor _anchor;
    private readonly List<ShardReport> _shards = [];
    private ExportLine? _last;
    private long _checkpointNumber;

    private ExportVerifier(PublicKeys keys, Anchor anchor)
    {
        _keys = keys;
        _anchor = anchor;
    }

    /// <summary>What was verified; a <see cref="ChainBreakException"/> at the first break.</summary>
    public static VerificationReport Verify(TextReader file, PublicKeys keys, Anchor anchor) => new ExportVerifier(keys, anchor).Verify(file);

    private VerificationReport Verify(TextReader file)
    {
        var number = 0L;
        ExportLine? Next() => file.ReadLine() is { } text ? ExportLine.Read(text, ++number) : null;

        // 1
        var header = Next() ?? throw new ChainBreakException("the file is empty", number);
        if (header.Kind != ExportLine.Header || header.Text("format") != Format)
            throw new ChainBreakException($"it is no header of the format {Format}", number);
        while (Next() is { } line)
        {
            switch (line.Kind)
            {
                case ExportLine.Entry:
                    TakeEntry(line);
                    break;
                case ExportLine.Checkpoint:
                    TakeCheckpoint(line);
                    break;
                case ExportLine.End:
                    CheckEnd(header, line);
                    if (file.Peek() >= 0)
                        throw new ChainBreakException("something stands behind the end line", number + 1);
                    _anchor.CheckTails(header, [.. _shards.Select(s => new ExportedShard(s.Shard, s.First, s.Last, s.Hash))]);
                    return new VerificationReport(header.Time("exported_at"), header.TimeOrNone("start"), header.TimeOrNone("end"), _shards);
                default:
                    throw new ChainBreakException("a second header", number);
            }
        }
        throw new ChainBreakException("truncated: there is no end line", number, _last?.Shard, _last?.Position);
    }

    private void TakeEntry(ExportLine entry)
    {
        // 2
        if (_last is null || entry.Shard > _last.Shard)
            BeginShard(entry);
        else if (entry.Shard < _last.Shard)
            throw entry.Broken($"wrong order: it comes after shard {_last.Shard}");
        else
            Follow(entry, _last);
        // 3
        var hash = entry.Hash("hash");
        if (EntryHash.Of(entry) != hash)
            throw entry.Broken("changed: its hash is not that of its fields");
        // 7
        _anchor.Check(entry);
        _last = entry;
        _shards[^1] = _shards[^1] with { Last = entry.Position, Hash = hash };
    }

    private void BeginShard(ExportLine entry)
    {
        if (entry.Position < 1)
            throw entry.Broken("positions count from 1");
        if (entry.Position == 1 && entry.Hash("previous_hash") != Beginning)
            throw entry.Broken("the chain does not begin with zeros");
        _ = entry.Time("recorded_at");
        _checkpointNumber = 0;
        _shards.Add(new ShardReport(entry.Shard, entry.Position, entry.Position, entry.Hash("hash"), 0, 0));
    }

    private static void Follow(ExportLine entry, ExportLine last)
    {
        if (entry.Position > last.Position + 1)
            throw new ChainBreakException($"gap: it is missing; position {entry.Position} follows {last.Position}", entry.Number, entry.Shard, last.Position + 1);
        if (entry.Position <= last.Position)
            throw entry.Broken($"repeat or wrong order: it comes after position {last.Position}");
        if (entry.Hash("previous_hash") != last.Hash("hash"))
            throw entry.Broken("it does not follow the entry before it: that one was replaced, or this one");
        // 4
        if (string.CompareOrdinal(entry.Time("recorded_at"), last.Time("recorded_at")) < 0)
            throw entry.Broken("wrong order: it was recorded before the entry before it");
    }

    private void TakeCheckpoint(ExportLine line)
    {
        // 5
        var checkpoint = AnchoredCheckpoint.Read(line, _keys);
        if (_last is null || checkpoint.Shard != _last.Shard || checkpoint.Position != _last.Position)
            throw line.Broken("a checkpoint does not follow the entry that it covers");
        if (checkpoint.Hash != _last.Hash("hash"))
            throw line.Broken("rewritten chain: a checkpoint has another hash for this entry");
        // With the shard's beginning come all its checkpoints; a later part may begin with any.
        var isFirst = _shards[^1].Checkpoints == 0;
        if (checkpoint.Number != _checkpointNumber + 1 && !(isFirst && _shards[^1].First > 1))
            throw line.Broken($"a checkpoint is missing: number {checkpoint.Number} follows {(isFirst ? "none" : _checkpointNumber)}");
        _checkpointNumber = checkpoint.Number;
        _shards[^1] = _shards[^1] with { Checkpoints = _shards[^1].Checkpoints + 1, SignedPosition = checkpoint.Position };
    }

    private void CheckEnd(ExportLine header, ExportLine end)
    {
        // 6
        var told = end.Shards();
        for (var i = 0; i < Math.Max(told.Count, _shards.Count); i++)
        {
            var read = i < _shards.Count ? new ExportedShard(_shards[i].Shard, _shards[i].First, _shards[i].Last, _shards[i].Hash) : null;
            var expected = i < told.Count ? told[i] : null;
            if (read != expected)
                throw new ChainBreakException("truncated or rewritten: the end line tells of other entries", end.Number, (read ?? expected)!.Shard, (read ?? expected)!.Last);
        }
        var problem = _keys.ProblemWith(end.Text("key_id"), end.Text("signature"),
        [
            Format, $"exported_at={header.Time("exported_at")}", $"start={header.TimeOrNone("start")}", $"end={header.TimeOrNone("end")}",
            .. told.Select(s => $"shard={s.Shard} first={s.First} last={s.Last} hash={s.Hash}"),
        ]);
        if (problem is not null)
            throw new ChainBreakException($"the export's signature proves nothing: {problem}", end.Number);
    }
}
