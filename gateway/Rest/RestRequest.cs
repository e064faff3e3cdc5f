using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.WebUtilities;

namespace AgentPlatform.Gateway;

/// <summary>Makes the gRPC message of a REST request: from its body, its path, its query and, for a version, its If-Match.</summary>
public static class RestRequest
{
    private const int FrameHead = 5;
    private const string MaskField = "update_mask";

    // Bytes that are no text are refused, and not made into question marks.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The message as a gRPC frame. What is wrong is INVALID_ARGUMENT, with each field that is.</summary>
    public static byte[] Bind(RestRule rule, IReadOnlyList<(string Field, string Value)> path, string query, string? ifMatch, ReadOnlyMemory<byte> body)
    {
        var checks = new FieldChecks();
        var message = BodyOf(rule, body, checks);
        if (rule.Verb == HttpMethods.Patch)
            DeriveMask(message, rule, body);
        foreach (var (field, value) in path)
            if (FieldBinder.Set(message, field, value) is { } problem)
                checks.Require(false, field, problem);
        BindQuery(message, rule, query, checks);
        if (ifMatch is not null)
            BindVersion(message, ifMatch, checks);
        checks.ThrowIfAny();
        return Frame(message);
    }

    /// <summary>The field of a request that says which version its caller has seen; null when it has none.</summary>
    public static FieldDescriptor? VersionOf(MessageDescriptor request) =>
        (request.FindFieldByName("version") ?? request.FindFieldByName("expected_version")) is { FieldType: FieldType.Int64 } field ? field : null;

    private static IMessage BodyOf(RestRule rule, ReadOnlyMemory<byte> body, FieldChecks checks)
    {
        var message = rule.Method.InputType.Parser.ParseFrom(ByteString.Empty);
        if (rule.Body.Length == 0 || body.IsEmpty)
            return message;
        try
        {
            var json = Strict.GetString(body.Span);
            if (rule.Body == "*")
                return JsonParser.Default.Parse(json, rule.Method.InputType);
            var field = rule.Method.InputType.FindFieldByName(rule.Body);
            field.Accessor.SetValue(message, JsonParser.Default.Parse(json, field.MessageType));
        }
        // Its messages name the place and what was expected there, and nothing of ours.
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or FormatException or OverflowException or ArgumentException or InvalidOperationException)
        {
            checks.Require(false, "body", $"is not the JSON of {rule.Method.InputType.Name}: {e.Message}");
        }
        return message;
    }

    // Whoever patches says by what he sends which fields he means.
    private static void DeriveMask(IMessage message, RestRule rule, ReadOnlyMemory<byte> body)
    {
        if (rule.Body != "*" || body.IsEmpty || message.Descriptor.FindFieldByName(MaskField) is not { } mask || mask.Accessor.GetValue(message) is not null)
            return;
        try
        {
            using var json = JsonDocument.Parse(body);
            var inPath = rule.Template.Fields.ToHashSet();
            var given = json.RootElement.EnumerateObject().Select(p => FieldBinder.Find(message, p.Name)?.Name).OfType<string>()
                .Where(name => name is not (MaskField or "version") && !inPath.Contains(name));
            mask.Accessor.SetValue(message, new FieldMask { Paths = { given } });
        }
        // The body was refused already.
        catch (Exception e) when (e is JsonException or InvalidOperationException) { }
    }

    private static void BindQuery(IMessage message, RestRule rule, string query, FieldChecks checks)
    {
        var inPath = rule.Template.Fields.ToHashSet();
        foreach (var pair in new QueryStringEnumerable(query))
        {
            var name = pair.DecodeName().ToString();
            var isBound = inPath.Contains(name) || rule.Body == "*" || rule.Body.Length > 0 && name.Split('.')[0] == rule.Body;
            if (isBound)
                checks.Require(false, name, "is not for the query of this method");
            else if (FieldBinder.Set(message, name, pair.DecodeValue().ToString()) is { } problem)
                checks.Require(false, name, problem);
        }
    }

    // RFC 9110: "7" is a strong tag; * asks for whatever is there, which is what no version means.
    private static void BindVersion(IMessage message, string ifMatch, FieldChecks checks)
    {
        const string Field = "if-match";
        if (ifMatch.Trim() == "*")
            return;
        if (VersionOf(message.Descriptor) is not { } field)
            checks.Require(false, Field, "is not for this method");
        else if (long.TryParse(ifMatch.Trim().Trim('"'), out var version) && version > 0)
            field.Accessor.SetValue(message, version);
        else
            checks.Require(false, Field, "must be an ETag of this resource, such as \"7\"");
    }

    /// <summary>A message as a gRPC frame; RESOURCE_EXHAUSTED `MESSAGE_TOO_LARGE` when no service would take it.</summary>
    // The service would say the same, in the middle of the sending.
    public static byte[] Frame(IMessage message)
    {
        var size = message.CalculateSize();
        if (size > MessageLimits.ReceiveBytes)
            throw new PlatformException(Grpc.Core.StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE", $"The message is larger than {MessageLimits.ReceiveBytes:N0} bytes.");
        var frame = new byte[FrameHead + size];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - FrameHead);
        message.WriteTo(frame.AsSpan(FrameHead));
        return frame;
    }
}
