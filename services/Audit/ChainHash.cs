using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentPlatform.Audit;

/// <summary>The hash of an entry, over the bytes that docs/audit-format.md gives. Not for several threads at once.</summary>
public sealed class ChainHash
{
    public const int Bytes = SHA256.HashSizeInBytes;

    /// <summary>What stands for the previous hash of a shard's first entry.</summary>
    public static readonly byte[] Beginning = new byte[Bytes];

    private const int FirstBytes = 4_096;
    private static ReadOnlySpan<byte> Domain => "agentplatform.audit.entry.v1"u8;

    private byte[] _buffer = new byte[FirstBytes];
    private int _length;

    /// <summary>The hash of an entry that knows its place and the hash before it.</summary>
    public byte[] Of(AuditRecord entry)
    {
        _length = 0;
        Raw(Domain);
        Raw(entry.PreviousHash);
        Int(entry.Shard);
        Int(entry.Position);
        Text(entry.EventId.ToString());
        Text(AuditRecord.TextOf(entry.OccurredAt));
        Text(AuditRecord.TextOf(entry.RecordedAt));
        Text(entry.AgentId);
        Text(entry.AgentVersion);
        Text(entry.Principal);
        Count(entry.Roles.Count);
        foreach (var role in entry.Roles)
            Text(role);
        Text(entry.Service);
        Text(entry.Operation);
        Text(entry.Resource);
        Text(EnumText.Of(entry.Outcome));
        Text(entry.ErrorMessage);
        Double(entry.ExecutionTimeMs);
        Text(entry.AuthorizedBy);
        Text(entry.SessionId);
        Text(entry.CorrelationId);
        Text(entry.TraceId);
        Text(entry.SourceAddress);
        Json(entry.Metadata);
        Json(entry.Redactions);
        return SHA256.HashData(_buffer.AsSpan(0, _length));
    }

    private void Json(string json)
    {
        if (json == AuditRecord.NoJson)
        {
            Raw("o"u8);
            Count(0);
            return;
        }
        using var document = JsonDocument.Parse(json);
        Value(document.RootElement);
    }

    private void Value(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                Raw("n"u8);
                break;
            case JsonValueKind.False:
                Raw("f"u8);
                break;
            case JsonValueKind.True:
                Raw("t"u8);
                break;
            case JsonValueKind.Number:
                Raw("d"u8);
                Double(value.GetDouble());
                break;
            case JsonValueKind.String:
                Raw("s"u8);
                Text(value.GetString()!);
                break;
            case JsonValueKind.Array:
                Raw("l"u8);
                Count(value.GetArrayLength());
                foreach (var item in value.EnumerateArray())
                    Value(item);
                break;
            default:
                Object(value);
                break;
        }
    }

    private void Object(JsonElement value)
    {
        var members = value.EnumerateObject().Select(m => (Name: Encoding.UTF8.GetBytes(m.Name), m.Value)).ToList();
        members.Sort((left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        Raw("o"u8);
        Count(members.Count);
        foreach (var (name, content) in members)
        {
            Count(name.Length);
            Raw(name);
            Value(content);
        }
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        Count(bytes);
        Encoding.UTF8.GetBytes(text, Next(bytes));
    }

    private void Count(int count) => BinaryPrimitives.WriteInt32BigEndian(Next(sizeof(int)), count);

    private void Int(long number) => BinaryPrimitives.WriteInt64BigEndian(Next(sizeof(long)), number);

    // Adding zero makes a negative zero positive: jsonb does not tell them apart.
    private void Double(double number) => BinaryPrimitives.WriteDoubleBigEndian(Next(sizeof(double)), number + 0.0);

    private void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Next(bytes.Length));

    private Span<byte> Next(int count)
    {
        if (_length + count > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _length + count));
        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }
}
