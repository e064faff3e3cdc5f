using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>The rules that keywords stand for. No reason holds a value of the configuration. No I/O.</summary>
public static class SchemaRules
{
    // A multiple is found with numbers of several hundred digits.
    private const int StepsOfDivision = 16;

    public static SchemaRule Number(Func<double, bool> holds, string reason) =>
        (check, value) => value.KindCase != Value.KindOneofCase.NumberValue || check.Require(holds(value.NumberValue), reason);

    public static SchemaRule MultipleOf(double divisor)
    {
        var (exact, reason) = (DecimalNumber.Of(divisor), $"must be a multiple of {Text(divisor)}");
        return (check, value) =>
        {
            if (value.KindCase != Value.KindOneofCase.NumberValue)
                return true;
            check.Spend(StepsOfDivision);
            return check.Require(DecimalNumber.Of(value.NumberValue).IsMultipleOf(exact), reason);
        };
    }

    /// <summary>Lengths of text are in code points.</summary>
    public static SchemaRule Length(Func<int, bool> holds, string reason) => (check, value) =>
    {
        if (value.KindCase != Value.KindOneofCase.StringValue)
            return true;
        check.SpendOn(value.StringValue);
        return check.Require(holds(value.StringValue.EnumerateRunes().Count()), reason);
    };

    public static SchemaRule Pattern(SchemaPattern pattern) => (check, value) =>
    {
        if (value.KindCase != Value.KindOneofCase.StringValue)
            return true;
        check.Spend((value.StringValue.Length + 1L) * pattern.StepsPerCharacter);
        return check.Require(pattern.IsIn(value.StringValue), "does not match the schema's pattern");
    };

    public static SchemaRule ItemCount(Func<int, bool> holds, string reason) =>
        (check, value) => value.KindCase != Value.KindOneofCase.ListValue || check.Require(holds(value.ListValue.Values.Count), reason);

    public static SchemaRule MemberCount(Func<int, bool> holds, string reason) =>
        (check, value) => value.KindCase != Value.KindOneofCase.StructValue || check.Require(holds(value.StructValue.Fields.Count), reason);

    public static SchemaRule Type(IReadOnlyCollection<string> types)
    {
        var (isInteger, reason) = (types.Contains("integer"), $"must be of type {string.Join(" or ", types)}");
        return (check, value) => check.Require(types.Contains(TypeOf(value)) || (isInteger && value.KindCase == Value.KindOneofCase.NumberValue && double.IsInteger(value.NumberValue)), reason);
    }

    /// <summary>Equal to one of these; see <see cref="CanonicalJson"/>.</summary>
    public static SchemaRule OneOf(IReadOnlySet<string> identities, string reason) => (check, value) =>
    {
        var identity = CanonicalJson.Of(value);
        check.SpendOn(identity);
        return check.Require(identities.Contains(identity), reason);
    };

    public static SchemaRule UniqueItems() => (check, value) =>
    {
        if (value.KindCase != Value.KindOneofCase.ListValue)
            return true;
        check.Spend(value.ListValue.Values.Count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in value.ListValue.Values)
        {
            var identity = CanonicalJson.Of(element);
            check.SpendOn(identity);
            if (!seen.Add(identity))
                return check.Require(false, "must not hold equal items");
        }
        return true;
    };

    public static SchemaRule Items(JsonSchema schema) => (check, value) => value.KindCase != Value.KindOneofCase.ListValue
        || All(check, value.ListValue.Values.Index(), item => check.IsMetWithin(item.Index.ToString(CultureInfo.InvariantCulture), schema, item.Item));

    public static SchemaRule Required(IReadOnlyCollection<string> names) => (check, value) => value.KindCase != Value.KindOneofCase.StructValue
        || All(check, names, name => check.RequireMember(value.StructValue, name));

    public static SchemaRule Members(IReadOnlyDictionary<string, JsonSchema> schemas) => (check, value) => value.KindCase != Value.KindOneofCase.StructValue
        || All(check, value.StructValue.Fields, member => !schemas.TryGetValue(member.Key, out var schema) || check.IsMetWithin(member.Key, schema, member.Value));

    /// <summary>For members without a schema of their own.</summary>
    public static SchemaRule OtherMembers(IReadOnlySet<string> named, JsonSchema schema) => (check, value) => value.KindCase != Value.KindOneofCase.StructValue
        || All(check, value.StructValue.Fields, member => named.Contains(member.Key) || check.IsMetWithin(member.Key, schema, member.Value));

    public static SchemaRule AllOf(IReadOnlyList<JsonSchema> schemas) => (check, value) => All(check, schemas, schema => schema.IsMetBy(value, check));

    public static SchemaRule AnyOf(IReadOnlyList<JsonSchema> schemas) => (check, value) =>
        check.Require(schemas.Any(schema => check.IsMetSilently(schema, value)), $"must meet at least one of {schemas.Count} schemas (anyOf)");

    public static SchemaRule ExactlyOneOf(IReadOnlyList<JsonSchema> schemas) => (check, value) =>
        check.Require(schemas.Where(schema => check.IsMetSilently(schema, value)).Take(2).Count() == 1, $"must meet exactly one of {schemas.Count} schemas (oneOf)");

    public static SchemaRule Not(JsonSchema schema) => (check, value) => check.Require(!check.IsMetSilently(schema, value), "must not meet the schema that is excluded (not)");

    public static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static bool All<T>(SchemaCheck check, IEnumerable<T> parts, Func<T, bool> isMet)
    {
        var all = true;
        foreach (var part in parts)
        {
            check.Spend(1);
            all &= isMet(part);
            if (!all && check.IsDecided)
                break;
        }
        return all;
    }

    private static string TypeOf(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.BoolValue => "boolean",
        Value.KindOneofCase.NumberValue => "number",
        Value.KindOneofCase.StringValue => "string",
        Value.KindOneofCase.ListValue => "array",
        Value.KindOneofCase.StructValue => "object",
        _ => "null",
    };
}
