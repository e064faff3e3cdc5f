using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentPlatform.Contracts.Rpc;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Status = AgentPlatform.Contracts.Rpc.Status;

namespace AgentPlatform.Gateway;

/// <summary>
/// A refusal as REST callers get it: problem details (RFC 9457) with the stable reason, the facts and the violations of fields that gRPC callers get, and the HTTP
/// status that google.rpc.Code states for the code, but for a few reasons that HTTP has a status of its own for.
/// </summary>
public sealed class Problem
{
    /// <summary>The media type.</summary>
    public const string MediaType = "application/problem+json";

    private Problem(StatusCode code, string message) => (Code, Message) = (code, message);

    /// <summary>The gRPC status code.</summary>
    public StatusCode Code { get; }

    /// <summary>What went wrong, for people.</summary>
    public string Message { get; }

    /// <summary>What went wrong, for programs; empty when nobody said.</summary>
    public string Reason { get; private init; } = "";

    /// <summary>When a repeat makes sense; null when nobody said.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    private IReadOnlyDictionary<string, string> Facts { get; init; } = new Dictionary<string, string>();

    private IReadOnlyList<(string Field, string Description)> Fields { get; init; } = [];

    /// <summary>The HTTP status.</summary>
    public int HttpStatus => Reason switch
    {
        "MESSAGE_TOO_LARGE" => StatusCodes.Status413PayloadTooLarge,
        "BODY_TOO_SLOW" => StatusCodes.Status408RequestTimeout,
        "METHOD_NOT_ALLOWED" => StatusCodes.Status405MethodNotAllowed,
        // https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/, 2.7
        "IDEMPOTENCY_KEY_REUSED" => StatusCodes.Status422UnprocessableEntity,
        _ => StatusOf(Code),
    };

    /// <summary>The HTTP status of a code.</summary>
    public static int StatusOf(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange => StatusCodes.Status400BadRequest,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.AlreadyExists or StatusCode.Aborted => StatusCodes.Status409Conflict,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Cancelled => StatusCodes.Status499ClientClosedRequest,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>A refusal of the gateway's own.</summary>
    public static Problem Of(PlatformException error) => new(error.Code, error.Message)
    {
        Reason = error.Reason,
        RetryAfter = error.RetryAfter,
        Facts = error.Facts,
        Fields = [.. error.Fields.Select(f => (f.Field, f.Description))],
    };

    /// <summary>What a service has said in its trailers, or in its headers when it said nothing else; null when all is well.</summary>
    public static Problem? Of(IHeaderDictionary trailers)
    {
        if (!int.TryParse(trailers[GrpcStatus.CodeKey], NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            return new Problem(StatusCode.Unavailable, "The service gave no answer.") { Reason = "SERVICE_UNAVAILABLE" };
        if (code == 0)
            return null;
        var message = Uri.UnescapeDataString(trailers["grpc-message"].ToString());
        if (trailers[GrpcStatus.DetailsKey].ToString() is not { Length: > 0 } details || Decode(details) is not { } status)
            return new Problem((StatusCode)code, message);
        var info = Find<ErrorInfo>(status);
        return new Problem((StatusCode)code, message)
        {
            Reason = info?.Reason ?? "",
            Facts = info?.Metadata.ToDictionary() ?? [],
            RetryAfter = Find<RetryInfo>(status)?.RetryDelay?.ToTimeSpan(),
            Fields = [.. Find<BadRequest>(status)?.FieldViolations.Select(v => (v.Field, v.Description)) ?? []],
        };
    }

    /// <summary>Answers a request with it.</summary>
    public Task WriteAsync(HttpContext context)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (HttpStatus, MediaType);
        AddHeaders(context.Response.Headers);
        return context.Response.WriteAsync(ToJson(context.Request.Headers[CorrelationId.Header].ToString()), context.RequestAborted);
    }

    /// <summary>Adds what an answer says in headers: when to repeat, and that a token is wanted.</summary>
    public void AddHeaders(IHeaderDictionary headers)
    {
        if (RetryAfter is { } delay)
            headers.RetryAfter = Math.Ceiling(Math.Max(1, delay.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        if (HttpStatus == StatusCodes.Status401Unauthorized)
            headers.WWWAuthenticate = "Bearer";
    }

    /// <summary>As JSON.</summary>
    public string ToJson(string correlationId)
    {
        var json = new JsonObject
        {
            ["type"] = "about:blank",
            ["title"] = Reason.Length > 0 ? Reason : NameOf(Code),
            ["status"] = HttpStatus,
            ["detail"] = Message,
            ["code"] = NameOf(Code),
            ["reason"] = Reason,
            ["correlationId"] = correlationId,
        };
        if (Facts.Count > 0)
            json["facts"] = new JsonObject(Facts.Select(f => KeyValuePair.Create(f.Key, (JsonNode?)f.Value)));
        if (Fields.Count > 0)
            json["violations"] = new JsonArray([.. Fields.Select(f => new JsonObject { ["field"] = f.Field, ["description"] = f.Description })]);
        return json.ToJsonString(JsonSerializerOptions.Web);
    }

    /// <summary>A code as google.rpc.Code writes it.</summary>
    public static string NameOf(StatusCode code) => string.Concat(code.ToString().Select((c, i) => i > 0 && char.IsAsciiLetterUpper(c) ? $"_{c}" : $"{char.ToUpperInvariant(c)}"));

    private static Status? Decode(string details)
    {
        try
        {
            return Status.Parser.ParseFrom(Convert.FromBase64String(details.PadRight((details.Length + 3) / 4 * 4, '=')));
        }
        catch (Exception e) when (e is FormatException or InvalidProtocolBufferException) { return null; }
    }

    private static T? Find<T>(Status status) where T : class, IMessage, new() =>
        status.Details.FirstOrDefault(d => Any.GetTypeName(d.TypeUrl) == new T().Descriptor.FullName)?.Unpack<T>();
}
