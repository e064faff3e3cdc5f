using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>The hash of an entry as docs/audit-format.md gives it. Written apart from the service's, so that the two check each other.</summary>
public static class EntryHash
{
    private const string Domain = "agentplatform.audit.entry.v1";
    private const string Roles = "roles";
    private const string ExecutionTime = "execution_time_ms";
    private const string Metadata = "metadata";
    private const string Redactions = "redactions";

    /// <summary>The members behind shard and position, in the order in which they are hashed.</summary>
    public static IReadOnlyList<string> Fields { get; } =
    [
        "event_id", "occurred_at", "recorded_at", "agent_id", "agent_version", "principal", Roles, "service", "operation", "resource", "outcome",
        "error_message", ExecutionTime, "authorized_by", "session_id", "correlation_id", "trace_id", "source_address", Metadata, Redactions,
    ];

    /// <summary>In lower-case hexadecimal.</summary>
    public static string Of(ExportLine entry)
    {
        using var bytes = new MemoryStream();
        bytes.Write(Encoding.ASCII.GetBytes(Domain));
        bytes.Write(Convert.FromHexString(entry.Hash("previous_hash")));
        Write(bytes, (long)entry.Shard);
        Write(bytes, entry.Position);
        foreach (var field in Fields)
        {
            var value = entry.Raw(field);
            switch (field)
            {
                case Roles when value.ValueKind == JsonValueKind.Array:
                    Write(bytes, (uint)value.GetArrayLength());
                    foreach (var role in value.EnumerateArray())
                        Write(bytes, role.ValueKind == JsonValueKind.String ? TextOf(role, entry, field) : throw entry.Wrong(field, "has an item that is no text"));
                    break;
                case ExecutionTime when value.ValueKind == JsonValueKind.Number:
                    Write(bytes, value.GetDouble());
                    break;
                case Metadata or Redactions when value.ValueKind == JsonValueKind.Object:
                    WriteValue(bytes, value, entry, field);
                    break;
                case Roles or ExecutionTime or Metadata or Redactions:
                    throw entry.Wrong(field, "is of another kind than it should be");
                default:
                    Write(bytes, value.ValueKind == JsonValueKind.String ? TextOf(value, entry, field) : throw entry.Wrong(field, "is no text"));
                    break;
            }
        }
        return Convert.ToHexStringLower(SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
    }

    private static void WriteValue(MemoryStream bytes, JsonElement value, ExportLine entry, string field)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null:
                bytes.WriteByte((byte)(value.ValueKind switch { JsonValueKind.True => 't', JsonValueKind.False => 'f', _ => 'n' }));
                break;
            case JsonValueKind.Number:
                bytes.WriteByte((byte)'d');
                Write(bytes, value.GetDouble());
                break;
            case JsonValueKind.String:
                bytes.WriteByte((byte)'s');
                Write(bytes, TextOf(value, entry, field));
                break;
            case JsonValueKind.Array:
                bytes.WriteByte((byte)'l');
                Write(bytes, (uint)value.GetArrayLength());
                foreach (var item in value.EnumerateArray())
                    WriteValue(bytes, item, entry, field);
                break;
            default:
                var members = value.EnumerateObject().Select(m => (Name: Encoding.UTF8.GetBytes(m.Name), m.Value))
                    .OrderBy(m => m.Name, Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right))).ToList();
                bytes.WriteByte((byte)'o');
                Write(bytes, (uint)members.Count);
                foreach (var (name, content) in members)
                {
                    Write(bytes, (uint)name.Length);
                    bytes.Write(name);
                    WriteValue(bytes, content, entry, field);
                }
                break;
        }
    }

    private static string TextOf(JsonElement value, ExportLine entry, string field)
    {
        try { return value.GetString()!; }
        // Half a surrogate pair, which no UTF-8 text can have had.
        catch (InvalidOperationException) { throw entry.Wrong(field, "has text that is not Unicode"); }
    }

    private static void Write(MemoryStream bytes, string text)
    {
        var encoded = Encoding.UTF8.GetBytes(text);
        Write(bytes, (uint)encoded.Length);
        bytes.Write(encoded);
    }

    private static void Write(MemoryStream bytes, uint number)
    {
        Span<byte> buffer = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(buffer, number);
        bytes.Write(buffer);
    }

    private static void Write(MemoryStream bytes, long number)
    {
        Span<byte> buffer = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(buffer, number);
        bytes.Write(buffer);
    }

    private static void Write(MemoryStream bytes, double number)
    {
        Span<byte> buffer = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleBigEndian(buffer, number == 0 ? 0 : number);
        bytes.Write(buffer);
    }
}
