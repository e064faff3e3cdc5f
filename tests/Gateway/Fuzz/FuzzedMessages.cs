using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace AgentPlatform.Tests.Gateways.Fuzz;

/// <summary>Makes messages of any kind from their descriptors: now what is usual, now what nobody expects.</summary>
internal sealed class FuzzedMessages(Random random, KnownIds ids)
{
    private const int MaximumDepth = 4;
    // Full ones meet every check, and nearly empty ones pass them.
    private static readonly double[] Fillings = [0.05, 0.3, 0.8];

    private static readonly string[] Texts =
    [
        "", " ", "a", "finance", "revenue_v1", "1", "-1", "0x7f", "true", "null", "../../etc/passwd", "/", "\\", "%00", "%2e%2e%2f", "\0", "a\0b", "\n", "\r\nX: y", "\u202e", "\ufeff", "é", "𝔘",
        "'; DROP TABLE session.sessions; --", "\" OR 1=1", "${jndi:ldap://x}", "{{7*7}}", "<script>", "*", "**", "?", "[", "(", "a,b", "a=b", "USD", "ZAR", "2026-02-30", "9999-12-31T23:59:59Z", "PT1S",
        "0 0 31 2 *", "* * * * *", "Europe/Berlin", "application/json", "https://example.org/hook", "http://169.254.169.254/", "00000000-0000-0000-0000-000000000000", "NaN", "1e400",
    ];

    private static readonly long[] Numbers = [0, 1, -1, 2, 7, 100, 1000, 4096, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, 1_000_000_000, 253_402_300_800, -62_135_596_801];

    private static readonly double[] Fractions = [0, -0.0, 1, -1, 0.5, 100, 101, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.Epsilon];

    /// <summary>A message of this kind.</summary>
    public IMessage Make(MessageDescriptor kind, int depth = 0)
    {
        var message = kind.Parser.ParseFrom(ByteString.Empty);
        var filled = Fillings[random.Next(Fillings.Length)];
        foreach (var field in kind.Fields.InDeclarationOrder())
            if (random.NextDouble() < filled && !(field.ContainingOneof is { } oneof && oneof.Accessor.GetCaseFieldDescriptor(message) is not null))
                Fill(message, field, depth);
        return message;
    }

    /// <summary>A text.</summary>
    public string Text() => random.Next(10) switch
    {
        < 3 => ids.Any(random),
        3 => Guid.NewGuid().ToString(),
        4 => new string((char)random.Next(32, 0x2fff), random.Next(1, 5_000)),
        _ => Texts[random.Next(Texts.Length)],
    };

    private void Fill(IMessage message, FieldDescriptor field, int depth)
    {
        if (field.IsMap)
        {
            var map = (IDictionary)field.Accessor.GetValue(message);
            var (key, value) = (field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
            for (var i = random.Next(4); i > 0; i--)
                if (One(key, depth) is { } k && One(value, depth) is { } v)
                    map[k] = v;
        }
        else if (field.IsRepeated)
        {
            var list = (IList)field.Accessor.GetValue(message);
            for (var i = random.Next(20) == 0 ? random.Next(2_000) : random.Next(4); i > 0; i--)
                if (One(field, depth) is { } value)
                    list.Add(value);
        }
        else if (One(field, depth) is { } value)
        {
            field.Accessor.SetValue(message, value);
        }
    }

    private object? One(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.Bool => random.Next(2) == 0,
        FieldType.String => Text(),
        FieldType.Bytes => ByteString.CopyFrom(Bytes(random.Next(200))),
        FieldType.Double => Fractions[random.Next(Fractions.Length)],
        FieldType.Float => (float)Fractions[random.Next(Fractions.Length)],
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => unchecked((int)Number()),
        FieldType.UInt32 or FieldType.Fixed32 => unchecked((uint)Number()),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Number(),
        FieldType.UInt64 or FieldType.Fixed64 => unchecked((ulong)Number()),
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, random.Next(5) == 0 ? unchecked((int)Number()) : random.Next(field.EnumType.Values.Count)),
        FieldType.Message when depth < MaximumDepth => Make(field.MessageType, depth + 1),
        _ => null,
    };

    private long Number() => random.Next(3) == 0 ? random.Next(1, 100) : Numbers[random.Next(Numbers.Length)];

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
