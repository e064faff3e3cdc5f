namespace AgentPlatform.Audit;

/// <summary>What a batch did: the event ids that were new, where the chain ends, and the checkpoint that was made.</summary>
public sealed record BatchResult(IReadOnlySet<Guid> Added, ShardLease End, CheckpointRecord? Checkpoint);
