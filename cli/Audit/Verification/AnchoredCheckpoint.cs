namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>A signed statement that a shard had this hash at this position.</summary>
public sealed record AnchoredCheckpoint(int Shard, long Number, long Position, string Hash, string Time, long Line)
{
    private const string Format = "agentplatform.audit.checkpoint.v1";

    /// <summary>Reads a checkpoint line and checks its signature.</summary>
    public static AnchoredCheckpoint Read(ExportLine line, PublicKeys keys)
    {
        var read = new AnchoredCheckpoint(line.Shard, line.Whole("number"), line.Position, line.Hash("hash"), line.Time("time"), line.Number);
        var problem = keys.ProblemWith(line.Text("key_id"), line.Text("signature"),
            Format, $"shard={read.Shard}", $"number={read.Number}", $"position={read.Position}", $"hash={read.Hash}", $"time={read.Time}");
        return problem is null ? read : throw line.Broken($"a checkpoint proves nothing: {problem}");
    }
}
