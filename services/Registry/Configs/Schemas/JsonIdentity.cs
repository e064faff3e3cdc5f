using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>
/// A text that two JSON values share exactly when they are equal: members in any order, 1.0 is 1, and -0 is 0. As a text it goes into sets whose hashes
/// nobody can foresee, so that many values are told apart in time that grows with their size alone.
/// </summary>
public static class JsonIdentity
{
    public static string Of(Value value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return text.ToString();
    }

    private static void Append(StringBuilder text, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.NumberValue:
                // Adding zero makes -0 to 0.
                text.Append(CultureInfo.InvariantCulture, $"{value.NumberValue + 0.0:R};");
                break;
            case Value.KindOneofCase.StringValue:
                Append(text, value.StringValue);
                break;
            case Value.KindOneofCase.BoolValue:
                text.Append(value.BoolValue ? 't' : 'f');
                break;
            case Value.KindOneofCase.StructValue:
                text.Append('{');
                foreach (var (name, member) in value.StructValue.Fields.OrderBy(f => f.Key, StringComparer.Ordinal))
                {
                    Append(text, name);
                    Append(text, member);
                }
                text.Append('}');
                break;
            case Value.KindOneofCase.ListValue:
                text.Append('[');
                foreach (var element in value.ListValue.Values)
                    Append(text, element);
                text.Append(']');
                break;
            default:
                text.Append('n');
                break;
        }
    }

    // The length before it makes every text unambiguous without escapes.
    private static void Append(StringBuilder text, string value) => text.Append(CultureInfo.InvariantCulture, $"\"{value.Length}:{value}");
}
