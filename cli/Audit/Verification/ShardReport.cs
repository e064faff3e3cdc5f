namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>What was verified of a shard.</summary>
/// <param name="Checkpoints">How many checkpoints in the export cover it.</param>
/// <param name="SignedPosition">The last position that one of them covers; 0 when there is none.</param>
public sealed record ShardReport(int Shard, long First, long Last, string Hash, int Checkpoints, long SignedPosition)
{
    /// <summary>How many entries are chained and under the export's own signature, and under no checkpoint yet.</summary>
    public long WithoutCheckpoint => Last - Math.Max(SignedPosition, First - 1);
}
