using Google.Protobuf.WellKnownTypes;
using static AgentPlatform.Registry.SchemaRules;

namespace AgentPlatform.Registry;

/// <summary>
/// Reads a JSON Schema of draft 2020-12, as far as its keywords are known here. Others are refused: one that is passed over would promise a check that nobody
/// makes. Size and depth are bounded before; see <see cref="AgentConfigRules"/>.
/// </summary>
public sealed class SchemaReader
{
    private const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    // Each is made into an automaton, which takes more memory than all else.
    private const int MaximumPatterns = 100;

    private static readonly string[] Types = ["null", "boolean", "object", "array", "number", "integer", "string"];

    private readonly JsonNotes _notes = new("schema");
    private int _patterns;

    private SchemaReader()
    {
    }

    /// <summary>Refuses a schema that is wrong, with what is wrong about it.</summary>
    public static JsonSchema Read(Struct schema)
    {
        var reader = new SchemaReader();
        var read = reader.ReadMembers(schema, isTop: true);
        reader._notes.ThrowIfAny();
        return read;
    }

    private JsonSchema ReadSchema(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.BoolValue => value.BoolValue ? JsonSchema.Anything : JsonSchema.Nothing,
        Value.KindOneofCase.StructValue => ReadMembers(value.StructValue, isTop: false),
        _ => Wrong("must be a schema: an object or a boolean", JsonSchema.Nothing),
    };

    private JsonSchema ReadMembers(Struct schema, bool isTop)
    {
        var rules = new List<SchemaRule>();
        foreach (var (keyword, value) in schema.Fields.TakeWhile(_ => !_notes.IsFull))
            if (Within(keyword, () => ReadKeyword(keyword, value, schema, isTop)) is { } rule)
                rules.Add(rule);
        return new JsonSchema(rules);
    }

    private SchemaRule? ReadKeyword(string keyword, Value value, Struct schema, bool isTop) => keyword switch
    {
        "type" => ReadTypes(value) is { } types ? Type(types) : null,
        "enum" => ReadList(value) is { } values ? OneOf(values.Select(CanonicalJson.Of).ToHashSet(StringComparer.Ordinal), $"must be one of the {values.Count} values of the schema (enum)") : null,
        "const" => OneOf(new HashSet<string>(StringComparer.Ordinal) { CanonicalJson.Of(value) }, "must be the value of the schema (const)"),
        "properties" => ReadObject(value) is { } named ? Members(named.Fields.ToDictionary(f => f.Key, f => Within(f.Key, () => ReadSchema(f.Value)), StringComparer.Ordinal)) : null,
        "additionalProperties" => OtherMembers(NamesOf(schema), ReadSchema(value)),
        "required" => ReadNames(value) is { } names ? Required(names) : null,
        "minProperties" => ReadCount(value) is { } count ? MemberCount(n => n >= count, $"must have at least {Text(count)} properties") : null,
        "maxProperties" => ReadCount(value) is { } count ? MemberCount(n => n <= count, $"must have at most {Text(count)} properties") : null,
        "items" => Items(ReadSchema(value)),
        "minItems" => ReadCount(value) is { } count ? ItemCount(n => n >= count, $"must have at least {Text(count)} items") : null,
        "maxItems" => ReadCount(value) is { } count ? ItemCount(n => n <= count, $"must have at most {Text(count)} items") : null,
        "uniqueItems" => ReadBoolean(value) is true ? UniqueItems() : null,
        "minLength" => ReadCount(value) is { } count ? Length(n => n >= count, $"must have at least {Text(count)} characters") : null,
        "maxLength" => ReadCount(value) is { } count ? Length(n => n <= count, $"must have at most {Text(count)} characters") : null,
        "pattern" => ReadText(value) is { } pattern ? ReadPattern(pattern) : null,
        "minimum" => ReadNumber(value) is { } limit ? Number(n => n >= limit, $"must be at least {Text(limit)}") : null,
        "maximum" => ReadNumber(value) is { } limit ? Number(n => n <= limit, $"must be at most {Text(limit)}") : null,
        "exclusiveMinimum" => ReadNumber(value) is { } limit ? Number(n => n > limit, $"must be more than {Text(limit)}") : null,
        "exclusiveMaximum" => ReadNumber(value) is { } limit ? Number(n => n < limit, $"must be less than {Text(limit)}") : null,
        "multipleOf" => ReadNumber(value) is { } divisor ? divisor > 0 ? MultipleOf(divisor) : Wrong<SchemaRule?>("must be more than 0", null) : null,
        "allOf" => ReadSchemas(value) is { } schemas ? AllOf(schemas) : null,
        "anyOf" => ReadSchemas(value) is { } schemas ? AnyOf(schemas) : null,
        "oneOf" => ReadSchemas(value) is { } schemas ? ExactlyOneOf(schemas) : null,
        "not" => Not(ReadSchema(value)),
        _ => ReadAnnotation(keyword, value, isTop),
    };

    // Annotations ask nothing of a configuration, but have to be what the dialect says they are.
    private SchemaRule? ReadAnnotation(string keyword, Value value, bool isTop)
    {
        switch (keyword)
        {
            case "$schema":
                Require(isTop, "stands at the top only");
                Require(value.KindCase == Value.KindOneofCase.StringValue && value.StringValue == Dialect, $"must be {Dialect}");
                break;
            case "title" or "description" or "$comment" or "format":
                ReadText(value);
                break;
            case "deprecated" or "readOnly" or "writeOnly":
                ReadBoolean(value);
                break;
            case "examples":
                ReadList(value);
                break;
            case "default":
                break;
            default:
                Require(false, "is a keyword that is not known here");
                break;
        }
        return null;
    }

    private SchemaRule? ReadPattern(string pattern)
    {
        if (++_patterns > MaximumPatterns)
            return Wrong<SchemaRule?>($"is one pattern too many; a schema may have {MaximumPatterns}", null);
        try { return Pattern(PatternReader.Read(pattern)); }
        catch (FormatException e) { return Wrong<SchemaRule?>(e.Message, null); }
    }

    private List<string>? ReadTypes(Value value)
    {
        if (value.KindCase == Value.KindOneofCase.StringValue)
            return Require(Types.Contains(value.StringValue), "is no type") ? [value.StringValue] : null;
        return ReadNames(value) is { } types && Require(types.Count > 0 && types.All(Types.Contains), "must name types") ? types : null;
    }

    private List<string>? ReadNames(Value value)
    {
        if (ReadList(value) is not { } list)
            return null;
        var names = list.Where(v => v.KindCase == Value.KindOneofCase.StringValue).Select(v => v.StringValue).Distinct(StringComparer.Ordinal).ToList();
        return Require(names.Count == list.Count, "must be an array of strings, each of which is there once") ? names : null;
    }

    private List<JsonSchema>? ReadSchemas(Value value)
    {
        if (ReadList(value) is not { } list || !Require(list.Count > 0, "must have at least one schema"))
            return null;
        return [.. list.Index().TakeWhile(_ => !_notes.IsFull).Select(item => Within($"{item.Index}", () => ReadSchema(item.Item)))];
    }

    private static HashSet<string> NamesOf(Struct schema) =>
        schema.Fields.TryGetValue("properties", out var named) && named.KindCase == Value.KindOneofCase.StructValue ? [.. named.StructValue.Fields.Keys] : [];

    private double? ReadNumber(Value value) => Require(value.KindCase == Value.KindOneofCase.NumberValue, "must be a number") ? value.NumberValue : null;

    private double? ReadCount(Value value) =>
        Require(value.KindCase == Value.KindOneofCase.NumberValue && double.IsInteger(value.NumberValue) && value.NumberValue >= 0, "must be a whole number, not negative") ? value.NumberValue : null;

    private string? ReadText(Value value) => Require(value.KindCase == Value.KindOneofCase.StringValue, "must be a string") ? value.StringValue : null;

    private bool? ReadBoolean(Value value) => Require(value.KindCase == Value.KindOneofCase.BoolValue, "must be a boolean") ? value.BoolValue : null;

    private IList<Value>? ReadList(Value value) => Require(value.KindCase == Value.KindOneofCase.ListValue, "must be an array") ? value.ListValue.Values : null;

    private Struct? ReadObject(Value value) => Require(value.KindCase == Value.KindOneofCase.StructValue, "must be an object") ? value.StructValue : null;

    private bool Require(bool holds, string reason) => holds || Wrong(reason, false);

    private T Wrong<T>(string reason, T instead)
    {
        _notes.Note(reason);
        return instead;
    }

    private T Within<T>(string name, Func<T> read)
    {
        _notes.Enter(name);
        var result = read();
        _notes.Leave();
        return result;
    }
}
