namespace AgentPlatform.Audit;

/// <summary>A shard that this process may add to as long as its epoch is the table's, and where its chain ends.</summary>
public sealed record ShardLease(
    int Shard, long Epoch, long Position, byte[] Hash, DateTimeOffset RecordedAt, long CheckpointNumber, long CheckpointPosition)
{
    /// <summary>How many entries no checkpoint covers yet.</summary>
    public long Unsigned => Position - CheckpointPosition;
}
