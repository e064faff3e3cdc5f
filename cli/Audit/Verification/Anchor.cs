namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>The checkpoints that were kept outside the database, as docs/audit-format.md describes the file.</summary>
public sealed class Anchor
{
    // An export does not wait for checkpoints that are being written, and a checkpoint comes a while after its entry.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(60);
    private readonly Dictionary<(int Shard, long Position), AnchoredCheckpoint> _byPlace = [];

    /// <summary>No anchor.</summary>
    public static Anchor None { get; } = new();

    /// <summary>How many places it speaks of.</summary>
    public int Count => _byPlace.Count;

    /// <summary>Reads the file; a <see cref="ChainBreakException"/> at the first line that does not hold.</summary>
    public static Anchor Read(TextReader file, PublicKeys keys)
    {
        var anchor = new Anchor();
        var number = 0L;
        while (file.ReadLine() is { } text)
        {
            var line = ExportLine.Read(text, ++number);
            if (line.Kind != ExportLine.Checkpoint)
                throw new ChainBreakException("a file of checkpoints has no other lines", number);
            var checkpoint = AnchoredCheckpoint.Read(line, keys);
            var known = anchor._byPlace.GetValueOrDefault((checkpoint.Shard, checkpoint.Position));
            if (known is not null && known.Hash != checkpoint.Hash)
                throw line.Broken($"rewritten chain: line {known.Line} has another hash for this entry");
            anchor._byPlace[(checkpoint.Shard, checkpoint.Position)] = checkpoint;
        }
        return anchor;
    }

    /// <summary>Checks an entry against the checkpoint of its place, if there is one.</summary>
    public void Check(ExportLine entry)
    {
        if (_byPlace.GetValueOrDefault((entry.Shard, entry.Position)) is { } checkpoint && checkpoint.Hash != entry.Hash("hash"))
            throw entry.Broken($"rewritten chain: line {checkpoint.Line} of the checkpoints has another hash for this entry");
    }

    /// <summary>Checks that the export has all that the checkpoints say there was.</summary>
    public void CheckTails(ExportLine header, IReadOnlyList<ExportedShard> shards)
    {
        var (start, end) = (header.TimeOrNone("start"), header.TimeOrNone("end"));
        var latest = ExportLine.Move(header.Time("exported_at"), -Margin);
        foreach (var checkpoint in _byPlace.Values.OrderBy(c => c.Shard).ThenBy(c => c.Position))
        {
            var shard = shards.FirstOrDefault(s => s.Shard == checkpoint.Shard);
            // In a shard without entries, one recorded just before the start may have its checkpoint just after it.
            var from = start.Length == 0 || shard is not null ? start : ExportLine.Move(start, Margin);
            if (checkpoint.Position > (shard?.Last ?? 0) && string.CompareOrdinal(checkpoint.Time, from) >= 0
                && (end.Length == 0 || string.CompareOrdinal(checkpoint.Time, end) < 0) && string.CompareOrdinal(checkpoint.Time, latest) < 0)
                throw new ChainBreakException($"truncated: line {checkpoint.Line} of the checkpoints proves this entry, and the export has "
                    + (shard is null ? "none of the shard" : $"nothing after position {shard.Last}"), header.Number, checkpoint.Shard, checkpoint.Position);
        }
    }
}
