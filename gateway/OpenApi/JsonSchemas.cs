using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;

namespace AgentPlatform.Gateway;

/// <summary>
/// JSON Schemas (2020-12) of messages, as proto3's JSON writes them, with the contracts' comments. A message or an enum that is used is a definition of its own.
/// </summary>
/// <param name="texts">The comments.</param>
/// <param name="place">Where the definitions will stand, as the beginning of a reference: "#/$defs/".</param>
/// <param name="areAnswers">
/// Whether they are of answers alone: then nothing is required, since what is zero, empty or false is left out, and texts, which are for whoever writes requests, are left out, too.
/// </param>
public sealed class JsonSchemas(ContractTexts texts, string place, bool areAnswers = false)
{
    private const string RootPackage = "agentplatform.";

    private readonly SortedDictionary<string, JsonObject> _definitions = new(StringComparer.Ordinal);

    /// <summary>All that was referred to so far, by its name.</summary>
    public JsonObject Definitions() => new(_definitions.Select(d => KeyValuePair.Create(d.Key, (JsonNode?)d.Value.DeepClone())));

    /// <summary>What a message's definition is called: "session.v1.Session".</summary>
    public static string NameOf(IDescriptor type) =>
        type.FullName.StartsWith(RootPackage, StringComparison.Ordinal) ? type.FullName[RootPackage.Length..] : type.FullName;

    /// <summary>A message, by reference.</summary>
    public JsonObject Of(MessageDescriptor type)
    {
        if (WellKnown(type) is { } known)
            return known;
        // Open: whoever reads an answer passes over the fields that a later version adds.
        return Define(type, () => Whole(type));
    }

    /// <summary>A message with its fields, not by reference.</summary>
    public JsonObject Whole(MessageDescriptor type) => Object(type, [.. type.Fields.InDeclarationOrder()]);

    /// <summary>A request, of which a part may be given elsewhere: an object with these fields and no others.</summary>
    public JsonObject Request(MessageDescriptor type, IEnumerable<FieldDescriptor> fields)
    {
        var schema = Object(type, [.. fields]);
        schema["additionalProperties"] = false;
        return schema;
    }

    private JsonObject Object(MessageDescriptor type, List<FieldDescriptor> all)
    {
        var schema = new JsonObject { ["type"] = "object" };
        if (!areAnswers && DescriptionOf(type, all) is { Length: > 0 } description)
            schema["description"] = description;
        schema["properties"] = new JsonObject(all.Select(f => KeyValuePair.Create(f.JsonName, (JsonNode?)Described(f))));
        if (!areAnswers && all.Where(texts.IsRequired).ToList() is { Count: > 0 } required)
            schema["required"] = new JsonArray([.. required.Select(f => (JsonNode)f.JsonName)]);
        return schema;
    }

    /// <summary>A field's value, without its text.</summary>
    public JsonObject Of(FieldDescriptor field)
    {
        if (field.IsMap)
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = Single(field.MessageType.FindFieldByNumber(2)) };
        return field.IsRepeated ? new JsonObject { ["type"] = "array", ["items"] = Single(field) } : Single(field);
    }

    private JsonObject Described(FieldDescriptor field)
    {
        var schema = Of(field);
        if (areAnswers)
            return schema;
        if (texts.Of(field) is { Length: > 0 } text)
            schema["description"] = text;
        if (texts.IsOutput(field))
            schema["readOnly"] = true;
        return schema;
    }

    private string DescriptionOf(MessageDescriptor type, List<FieldDescriptor> fields)
    {
        var choices = type.Oneofs.Where(o => !o.IsSynthetic).Select(o => o.Fields.Where(fields.Contains).Select(f => $"`{f.JsonName}`").ToList()).Where(c => c.Count > 1);
        return string.Join(' ', choices.Select(c => $"At most one of {string.Join(", ", c)}.").Prepend(texts.Of(type)).Where(t => t.Length > 0));
    }

    private JsonObject Single(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Bool => Plain("boolean"),
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => Plain("integer", "int32"),
        FieldType.UInt32 or FieldType.Fixed32 => new JsonObject { ["type"] = "integer", ["minimum"] = 0, ["maximum"] = uint.MaxValue },
        // As JSON's readers cannot all be trusted with more than 53 bits.
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => new JsonObject { ["type"] = "string", ["pattern"] = "^-?[0-9]{1,19}$" },
        FieldType.UInt64 or FieldType.Fixed64 => new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]{1,20}$" },
        FieldType.Double => Plain("number", "double"),
        FieldType.Float => Plain("number", "float"),
        FieldType.Bytes => new JsonObject { ["type"] = "string", ["contentEncoding"] = "base64" },
        FieldType.Enum => Define(field.EnumType, () => Enum(field.EnumType)),
        FieldType.Message or FieldType.Group => Of(field.MessageType),
        _ => Plain("string"),
    };

    private JsonObject Enum(EnumDescriptor type)
    {
        var names = new JsonArray([.. type.Values.Select(v => (JsonNode)v.Name)]);
        if (areAnswers)
            return new JsonObject { ["type"] = "string", ["enum"] = names };
        var values = type.Values.Select(v => texts.Of(v) is { Length: > 0 } text ? $"\n- `{v.Name}`: {text}" : $"\n- `{v.Name}`");
        return new JsonObject
        {
            ["type"] = "string",
            ["description"] = $"{texts.Of(type)}\n{string.Concat(values)}".Trim(),
            ["enum"] = names,
        };
    }

    // The types that proto3's JSON writes in a way of their own.
    private static JsonObject? WellKnown(MessageDescriptor type) => type.FullName switch
    {
        "google.protobuf.Timestamp" => Plain("string", "date-time"),
        "google.protobuf.Duration" => new JsonObject { ["type"] = "string", ["pattern"] = @"^-?[0-9]+(\.[0-9]{1,9})?s$" },
        "google.protobuf.FieldMask" => Plain("string"),
        "google.protobuf.Struct" or "google.protobuf.Empty" => Plain("object"),
        "google.protobuf.ListValue" => new JsonObject { ["type"] = "array", ["items"] = new JsonObject() },
        "google.protobuf.Value" => [],
        "google.protobuf.Any" => new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["@type"] = Plain("string") }, ["required"] = new JsonArray("@type") },
        _ when type.FullName.StartsWith("google.protobuf.", StringComparison.Ordinal) => throw new NotSupportedException($"{type.FullName} has no schema yet."),
        _ => null,
    };

    private JsonObject Define(IDescriptor type, Func<JsonObject> make)
    {
        var name = NameOf(type);
        // A message may hold itself, so its name is taken before its fields are looked at.
        if (_definitions.TryAdd(name, []))
            _definitions[name] = make();
        return new JsonObject { ["$ref"] = place + name };
    }

    private static JsonObject Plain(string type, string? format = null)
    {
        var schema = new JsonObject { ["type"] = type };
        if (format is not null)
            schema["format"] = format;
        return schema;
    }
}
