using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform;

/// <summary>
/// JSON as RFC 8785 (JSON Canonicalization Scheme) writes it, so that whoever holds the same values, in any language, has the same bytes: members in
/// the order of their names' UTF-16 units, no blanks, numbers as ECMAScript writes them.
/// </summary>
public static class CanonicalJson
{
    public static string Of(Struct value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    /// <summary>The same of any value: two that are equal as JSON have one text.</summary>
    public static string Of(Value value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    private static void Write(StringBuilder text, Struct value)
    {
        text.Append('{');
        var first = true;
        foreach (var (name, member) in value.Fields.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            if (!first)
                text.Append(',');
            first = false;
            Write(text, name);
            text.Append(':');
            Write(text, member);
        }
        text.Append('}');
    }

    private static void Write(StringBuilder text, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.StructValue: Write(text, value.StructValue); break;
            case Value.KindOneofCase.ListValue: Write(text, value.ListValue); break;
            case Value.KindOneofCase.StringValue: Write(text, value.StringValue); break;
            case Value.KindOneofCase.NumberValue: text.Append(Number(value.NumberValue)); break;
            case Value.KindOneofCase.BoolValue: text.Append(value.BoolValue ? "true" : "false"); break;
            default: text.Append("null"); break;
        }
    }

    private static void Write(StringBuilder text, ListValue list)
    {
        text.Append('[');
        for (var i = 0; i < list.Values.Count; i++)
        {
            if (i > 0)
                text.Append(',');
            Write(text, list.Values[i]);
        }
        text.Append(']');
    }

    private static void Write(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        text.Append('"');
    }

    /// <summary>As ECMA-262, Number::toString: the shortest digits that read back as the same number.</summary>
    private static string Number(double value)
    {
        if (value == 0)
            return "0";
        if (value < 0)
            return "-" + Number(-value);
        // .NET finds the same shortest digits; only the point and the exponent it sets otherwise.
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var (mantissa, exponent) = Split(shortest);
        var point = mantissa.IndexOf('.') is >= 0 and var at ? at : mantissa.Length;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var leading = digits.Length - digits.TrimStart('0').Length;
        var n = point + exponent - leading;
        digits = digits.Trim('0');
        return Layout(digits, n);
    }

    private static (string Mantissa, int Exponent) Split(string number) => number.IndexOf('E') is >= 0 and var at
        ? (number[..at], int.Parse(number[(at + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)) : (number, 0);

    // The value is 0.digits × 10^n; the bounds are those of ECMA-262.
    private static string Layout(string digits, int n)
    {
        if (n >= digits.Length && n <= 21)
            return digits.PadRight(n, '0');
        if (n is > 0 and <= 21)
            return $"{digits[..n]}.{digits[n..]}";
        if (n is > -6 and <= 0)
            return "0." + new string('0', -n) + digits;
        var exponent = string.Create(CultureInfo.InvariantCulture, $"e{(n > 0 ? "+" : "-")}{Math.Abs(n - 1)}");
        return digits.Length == 1 ? digits + exponent : $"{digits[..1]}.{digits[1..]}{exponent}";
    }
}
