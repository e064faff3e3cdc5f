namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>What was verified of a file in which all holds.</summary>
/// <param name="ExportedAt">When it left the platform, as the file says.</param>
public sealed record VerificationReport(string ExportedAt, string Start, string End, IReadOnlyList<ShardReport> Shards);
