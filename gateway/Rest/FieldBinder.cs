using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Gateway;

/// <summary>
/// Puts values of a path or a query into a message: by field names as in the proto or as in JSON, with dots into messages, again for each value of a
/// repeated field. Values are written as proto3 JSON writes them, without quotes.
/// </summary>
public static class FieldBinder
{
    /// <summary>Sets a field, or adds to a repeated one; gives back what is wrong, or null.</summary>
    public static string? Set(IMessage message, string path, string value)
    {
        var target = message;
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            if (Find(target, name) is not { FieldType: FieldType.Message, IsRepeated: false } field || IsScalar(field.MessageType))
                return "is not known";
            target = Within(target, field);
        }
        if (Find(target, names[^1]) is not { } leaf)
            return "is not known";
        if (!IsText(leaf))
            return "cannot be given here; it needs a body";
        if (Read(leaf, value) is not { } read)
            return $"must be {KindOf(leaf)}";
        if (leaf.IsRepeated)
            ((System.Collections.IList)leaf.Accessor.GetValue(target)).Add(read);
        else
            leaf.Accessor.SetValue(target, read);
        return null;
    }

    /// <summary>The field with this name, as the proto or as JSON writes it.</summary>
    public static FieldDescriptor? Find(IMessage message, string name) =>
        message.Descriptor.FindFieldByName(name) ?? message.Descriptor.Fields.InDeclarationOrder().FirstOrDefault(f => f.JsonName == name);

    /// <summary>Whether a field's value, or each of its values, is written as one text.</summary>
    public static bool IsText(FieldDescriptor field) =>
        !field.IsMap && (field.FieldType is not (FieldType.Message or FieldType.Group) || IsScalar(field.MessageType));

    /// <summary>The message in a field, made if it is not there.</summary>
    public static IMessage Within(IMessage message, FieldDescriptor field)
    {
        if (field.Accessor.GetValue(message) is IMessage present)
            return present;
        var made = field.MessageType.Parser.ParseFrom(ByteString.Empty);
        field.Accessor.SetValue(message, made);
        return made;
    }

    // Messages that JSON writes as a string, a number or a boolean.
    private static bool IsScalar(MessageDescriptor type) => type == Timestamp.Descriptor || type == Duration.Descriptor || type == FieldMask.Descriptor || IsWrapper(type);

    private static bool IsWrapper(MessageDescriptor type) => type.File == Int32Value.Descriptor.File;

    private static object? Read(FieldDescriptor field, string text)
    {
        var invariant = CultureInfo.InvariantCulture;
        switch (field.FieldType)
        {
            case FieldType.String:
                return text;
            case FieldType.Bool:
                return text switch { "true" => true, "false" => false, _ => null };
            case FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32:
                return int.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var i) ? i : null;
            case FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64:
                return long.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var l) ? l : null;
            case FieldType.UInt32 or FieldType.Fixed32:
                return uint.TryParse(text, NumberStyles.None, invariant, out var u) ? u : null;
            case FieldType.UInt64 or FieldType.Fixed64:
                return ulong.TryParse(text, NumberStyles.None, invariant, out var ul) ? ul : null;
            case FieldType.Double:
                return double.TryParse(text, NumberStyles.Float, invariant, out var d) ? d : null;
            case FieldType.Float:
                return float.TryParse(text, NumberStyles.Float, invariant, out var f) ? f : null;
            case FieldType.Enum:
                return field.EnumType.FindValueByName(text) is { } known ? known.Number
                    : int.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var number) ? number : null;
            case FieldType.Bytes:
                return BytesOf(text);
            default:
                return MessageOf(field, text);
        }
    }

    private static ByteString? BytesOf(string text)
    {
        var standard = text.Replace('-', '+').Replace('_', '/');
        var bytes = new byte[standard.Length];
        return Convert.TryFromBase64String(standard.PadRight((standard.Length + 3) / 4 * 4, '='), bytes, out var length) ? ByteString.CopyFrom(bytes, 0, length) : null;
    }

    private static object? MessageOf(FieldDescriptor field, string text)
    {
        try
        {
            // A mask is written by proto names as well, which JSON knows only in its own way.
            if (field.MessageType == FieldMask.Descriptor)
                return new FieldMask { Paths = { text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(MaskPath) } };
            if (IsWrapper(field.MessageType))
                return Read(field.MessageType.FindFieldByNumber(1), text);
            return JsonParser.Default.Parse($"\"{JsonEncoded(text)}\"", field.MessageType);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or FormatException or OverflowException or ArgumentException)
        {
            return null;
        }
    }

    private static string MaskPath(string path) =>
        string.Concat(path.Select(c => char.IsAsciiLetterUpper(c) ? $"_{char.ToLowerInvariant(c)}" : c.ToString()));

    private static string JsonEncoded(string text) => System.Text.Json.JsonEncodedText.Encode(text).ToString();

    private static string KindOf(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Bool => "true or false",
        FieldType.Enum => $"one of {string.Join(", ", field.EnumType.Values.Select(v => v.Name))}",
        FieldType.Bytes => "base64",
        FieldType.Double or FieldType.Float => "a number",
        FieldType.Message when field.MessageType == Timestamp.Descriptor => "a time such as 2026-01-31T12:00:00Z",
        FieldType.Message when field.MessageType == Duration.Descriptor => "a duration such as 1.5s",
        _ => "a whole number that fits",
    };
}
