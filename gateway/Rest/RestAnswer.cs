using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http.Features;

namespace AgentPlatform.Gateway;

/// <summary>
/// Writes what a service answers as JSON: one message as the body; a stream as a line for each message (NDJSON), or as server-sent events for who accepts
/// them. A stream that breaks off ends with the problem.
/// </summary>
internal sealed class RestAnswer(HttpContext context, RestRule rule, IHttpResponseBodyFeature body)
{
    private const string EventStream = "text/event-stream";
    private const string JsonLines = "application/x-ndjson";
    private const string Json = "application/json";

    private readonly bool _asEvents = context.Request.Headers.Accept.ToString().Contains(EventStream, StringComparison.OrdinalIgnoreCase);
    private IMessage? _only;

    /// <summary>Takes the next message of the answer.</summary>
    public async Task TakeAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        var message = rule.Method.OutputType.Parser.ParseFrom(bytes.Span);
        if (!rule.Method.IsServerStreaming)
        {
            _only = message;
            return;
        }
        Begin(StatusCodes.Status200OK, _asEvents ? EventStream : JsonLines);
        await WriteAsync(Line(JsonFormatter.Default.Format(message), null), cancellation);
    }

    /// <summary>Ends the answer by what the service said in the end.</summary>
    public async Task EndAsync(IHeaderDictionary trailers)
    {
        var said = trailers.ContainsKey(GrpcStatus.CodeKey) ? trailers : context.Response.Headers;
        var replayed = said[IdempotencyInterceptor.ReplayedTrailer].ToString();
        if (Problem.Of(said) is { } problem)
        {
            await RefuseAsync(problem);
            return;
        }
        if (rule.Method.IsServerStreaming)
        {
            Begin(StatusCodes.Status200OK, _asEvents ? EventStream : JsonLines);
            return;
        }
        var answer = _only ?? rule.Method.OutputType.Parser.ParseFrom(ByteString.Empty);
        Begin(StatusCodes.Status200OK, Json);
        if (replayed.Length > 0)
            context.Response.Headers["Idempotency-Replayed"] = replayed;
        if (VersionOf(answer) is { } version)
            context.Response.Headers.ETag = $"\"{version.ToString(CultureInfo.InvariantCulture)}\"";
        await WriteAsync(JsonFormatter.Default.Format(answer), context.RequestAborted);
    }

    /// <summary>Ends the answer with a refusal.</summary>
    public async Task RefuseAsync(Problem problem)
    {
        var json = problem.ToJson(CorrelationOf(context));
        if (context.Response.HasStarted)
        {
            await WriteAsync(Line(_asEvents ? json : $"{{\"error\":{json}}}", "error"), context.RequestAborted);
            return;
        }
        Begin(problem.HttpStatus, Problem.MediaType);
        problem.AddHeaders(context.Response.Headers);
        await WriteAsync(json, context.RequestAborted);
    }

    // What the proxy has taken over from the service is gRPC's, and no header of this answer.
    private void Begin(int status, string contentType)
    {
        if (context.Response.HasStarted)
            return;
        foreach (var name in context.Response.Headers.Keys.Where(IsGrpc).ToList())
            context.Response.Headers.Remove(name);
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
    }

    private static bool IsGrpc(string header) => header.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase)
        || header.Equals("content-length", StringComparison.OrdinalIgnoreCase) || header.Equals("trailer", StringComparison.OrdinalIgnoreCase)
        || header.Equals(IdempotencyInterceptor.ReplayedTrailer, StringComparison.OrdinalIgnoreCase);

    private string Line(string json, string? name) => !_asEvents ? $"{json}\n" : name is null ? $"data: {json}\n\n" : $"event: {name}\ndata: {json}\n\n";

    private async Task WriteAsync(string text, CancellationToken cancellation)
    {
        await body.Stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
        await body.Stream.FlushAsync(cancellation);
    }

    /// <summary>The field with the version of what is answered, which is the answer's first message, or the answer itself; and that message's own field, if any.</summary>
    public static (FieldDescriptor? Resource, FieldDescriptor Version)? VersionOf(MessageDescriptor answer)
    {
        var resource = answer.Fields.InDeclarationOrder().FirstOrDefault() is { FieldType: FieldType.Message, IsRepeated: false, IsMap: false } first ? first : null;
        return (resource?.MessageType ?? answer).FindFieldByName("version") is { FieldType: FieldType.Int64 } version ? (resource, version) : null;
    }

    private static long? VersionOf(IMessage answer)
    {
        if (VersionOf(answer.Descriptor) is not var (field, version) || (field is null ? answer : field.Accessor.GetValue(answer)) is not IMessage resource)
            return null;
        return (long)version.Accessor.GetValue(resource) is > 0 and var number ? number : null;
    }

    private static string CorrelationOf(HttpContext context) => context.Request.Headers[CorrelationId.Header].ToString();
}
