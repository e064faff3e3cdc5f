using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Audit;

/// <summary>What text and JSON must be beyond <see cref="FieldChecks"/>: half a surrogate pair has no UTF-8, hence no hash.</summary>
public static class MetadataChecks
{
    /// <summary>Text as <see cref="FieldChecks.Text"/> wants it, of whole characters.</summary>
    public static FieldChecks WellFormed(this FieldChecks checks, string field, string value, int maximum, int minimum = 0) =>
        checks.Text(field, value, maximum, minimum).Require(IsWellFormed(value), field, "contains half of a surrogate pair");

    /// <summary>Whether JSON is neither too deep nor has a half of a surrogate pair; notes what is wrong.</summary>
    public static bool Check(FieldChecks checks, string field, Struct? value, int maximumDepth)
    {
        if (value is null)
            return true;
        var isShallow = IsShallow(value, maximumDepth);
        checks.Require(isShallow, field, $"is nested more than {maximumDepth} levels deep");
        if (!isShallow)
            return false;
        var isWellFormed = IsWellFormed(value);
        checks.Require(isWellFormed, field, "contains half of a surrogate pair");
        return isWellFormed;
    }

    private static bool IsShallow(Struct value, int depth) => depth > 0 && value.Fields.Values.All(v => IsShallow(v, depth - 1));

    private static bool IsShallow(Value value, int depth) => value.KindCase switch
    {
        Value.KindOneofCase.StructValue => IsShallow(value.StructValue, depth),
        Value.KindOneofCase.ListValue => depth > 0 && value.ListValue.Values.All(v => IsShallow(v, depth - 1)),
        _ => true,
    };

    private static bool IsWellFormed(Struct value) => value.Fields.All(f => IsWellFormed(f.Key) && IsWellFormed(f.Value));

    private static bool IsWellFormed(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.StringValue => IsWellFormed(value.StringValue),
        Value.KindOneofCase.StructValue => IsWellFormed(value.StructValue),
        Value.KindOneofCase.ListValue => value.ListValue.Values.All(IsWellFormed),
        _ => true,
    };

    private static bool IsWellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return true;
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }
        return true;
    }
}
