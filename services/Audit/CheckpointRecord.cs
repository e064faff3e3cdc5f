using System.Text.Json;
using System.Text.Json.Serialization;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Audit;

/// <summary>A row of <c>audit.checkpoints</c>: a signed statement that a shard had this hash at this position.</summary>
public sealed record CheckpointRecord(int Shard, long Number, long Position, byte[] Hash, DateTimeOffset SignedAt, string KeyId, byte[] Signature)
{
    /// <summary>The text that is signed.</summary>
    public string Statement => $"""
        agentplatform.audit.checkpoint.v1
        shard={Shard}
        number={Number}
        position={Position}
        hash={Convert.ToHexStringLower(Hash)}
        time={AuditRecord.TextOf(SignedAt)}
        key={KeyId}
        """.ReplaceLineEndings("\n");

    /// <summary>As a line of exports and of the anchor, without its end.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new Line("checkpoint", Shard, Number, Position, Convert.ToHexStringLower(Hash), AuditRecord.TextOf(SignedAt), KeyId, Signature), LineContext.Default.Line);

    /// <summary>Reads a line of the anchor; null when it is none, such as one that a crash cut short.</summary>
    public static CheckpointRecord? FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, LineContext.Default.Line) is { Kind: "checkpoint" } line
                ? new CheckpointRecord(line.Shard, line.Number, line.Position, Convert.FromHexString(line.Hash),
                    DateTimeOffset.Parse(line.Time, System.Globalization.CultureInfo.InvariantCulture), line.KeyId, line.Signature)
                : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentNullException) { return null; }
    }

    public Checkpoint ToProto() => new()
    {
        Shard = Shard,
        Number = Number,
        Position = Position,
        Hash = UnsafeByteOperations.UnsafeWrap(Hash),
        Time = SignedAt.ToTimestamp(),
        KeyId = KeyId,
        Signature = UnsafeByteOperations.UnsafeWrap(Signature),
    };

    internal sealed record Line(string Kind, int Shard, long Number, long Position, string Hash, string Time, string KeyId, byte[] Signature);
}

/// <summary>Serialises checkpoint lines without reflection, in snake case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CheckpointRecord.Line))]
internal sealed partial class LineContext : JsonSerializerContext;
