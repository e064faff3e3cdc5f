using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;

namespace AgentPlatform.Gateway;

/// <summary>A request as somebody might send it: what is required, each with a value of its kind, and with the contract's own example where it gives one.</summary>
public sealed partial class RequestExample(ContractTexts texts)
{
    private const string SampleId = "0197a3c1-5d2e-7b40-9c11-3f6a8e2d7b90";

    /// <summary>Of these fields, what is required, and one of each choice that is.</summary>
    public JsonObject Of(IEnumerable<FieldDescriptor> fields) =>
        new(fields.Where(IsNeeded).Select(f => KeyValuePair.Create(f.JsonName, (JsonNode?)Value(f))));

    private bool IsNeeded(FieldDescriptor field) =>
        texts.IsRequired(field) || field.RealContainingOneof is { } choice && choice.Fields[0] == field && texts.IsRequired(choice);

    private JsonNode Value(FieldDescriptor field)
    {
        if (field.IsMap)
            return new JsonObject { ["name"] = Single(field.MessageType.FindFieldByNumber(2)) };
        return field.IsRepeated ? new JsonArray(Single(field)) : Single(field);
    }

    private JsonNode Single(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => Text(field),
        FieldType.Bool => true,
        FieldType.Bytes => "aGVsbG8=",
        FieldType.Double or FieldType.Float => 0.5,
        FieldType.Int64 or FieldType.UInt64 or FieldType.SInt64 or FieldType.Fixed64 or FieldType.SFixed64 => "1",
        FieldType.Enum => field.EnumType.Values[^1].Number == 0 ? field.EnumType.Values[0].Name : field.EnumType.Values[1].Name,
        FieldType.Message => Message(field.MessageType),
        _ => 1,
    };

    private JsonNode Message(MessageDescriptor type) => type.FullName switch
    {
        "google.protobuf.Timestamp" => "2026-04-01T12:00:00Z",
        "google.protobuf.Duration" => "3600s",
        "google.protobuf.FieldMask" => "",
        "google.protobuf.Struct" => new JsonObject { ["amount"] = 120 },
        _ => Of(type.Fields.InDeclarationOrder()),
    };

    private string Text(FieldDescriptor field)
    {
        var text = texts.Of(field);
        if (Given().Match(text) is { Success: true } given)
            return given.Groups[1].Value;
        if (text.Contains("SHA-256", StringComparison.Ordinal) || text.Contains("64 hexadecimal", StringComparison.Ordinal) || text.Contains("64 lower-case", StringComparison.Ordinal))
            return new string('a', 64);
        if (field.Name is "agent_id" or "role" || text.Contains("[a-z0-9", StringComparison.Ordinal))
            return "finance";
        return field.Name == "id" || field.Name.EndsWith("_id", StringComparison.Ordinal) ? SampleId : "text";
    }

    [GeneratedRegex("(?:F|f)or example \"([^\"]+)\"")]
    private static partial Regex Given();
}
