namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>What an export has of a shard.</summary>
/// <param name="Hash">Of the last entry, in lower-case hexadecimal.</param>
public sealed record ExportedShard(int Shard, long First, long Last, string Hash);
