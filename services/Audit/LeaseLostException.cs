namespace AgentPlatform.Audit;

/// <summary>Another instance has the shard; nothing was written.</summary>
public sealed class LeaseLostException(int shard) : Exception($"The lease of shard {shard} is lost.");
