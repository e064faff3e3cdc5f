using System.Text.Json.Nodes;

namespace AgentPlatform.Gateway;

/// <summary>The headers that REST calls take and bring back, as components of the document.</summary>
public static class OpenApiHeaders
{
    /// <summary>Those that every call takes, by the names of their components.</summary>
    public static IReadOnlyList<string> OfEveryCall { get; } = ["CorrelationId", "TraceParent", "Timeout"];

    /// <summary>What calls take.</summary>
    public static JsonObject Parameters() => new()
    {
        ["IdempotencyKey"] = Parameter("Idempotency-Key", KeyText, new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 255 }),
        ["RequiredIdempotencyKey"] = Parameter("Idempotency-Key", KeyText, new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 255 }, isRequired: true),
        ["IfMatch"] = Parameter("If-Match", "The `ETag` that you saw, for example `\"7\"`: has somebody changed the thing since, the call is refused with 409 `CONCURRENT_UPDATE`.", Text()),
        ["CorrelationId"] = Parameter("X-Correlation-ID", "Your own name for the call; it stands on its traces, logs and audit entries. One is made when there is none.", Text()),
        ["TraceParent"] = Parameter("traceparent", "The trace that the call belongs to (W3C Trace Context).", Text()),
        ["Timeout"] = Parameter("Grpc-Timeout", "How long the call may take, as gRPC writes it: `5S`, `200m`.", new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]{1,8}[HMSmun]$" }),
    };

    /// <summary>What answers bring back.</summary>
    public static JsonObject Headers() => new()
    {
        ["CorrelationId"] = Header("Yours, or the one that was made."),
        ["ETag"] = Header("The version of what is answered, for `If-Match`."),
        ["RateLimit"] = Header("What is left of your budget of calls: `r` calls now, and all of them again in `t` seconds."),
        ["RetryAfter"] = Header("In how many seconds a repeat makes sense."),
        ["IdempotencyReplayed"] = Header("`true`: the call was made before, and this is its answer from then."),
    };

    private const string KeyText = "With a key the call has one effect, however often it is sent: 1–255 printable ASCII characters, of your own making, kept for a day. Another request under the same key is "
        + "refused with 422 `IDEMPOTENCY_KEY_REUSED`.";

    private static JsonObject Parameter(string name, string description, JsonObject schema, bool isRequired = false)
    {
        var parameter = new JsonObject { ["name"] = name, ["in"] = "header", ["description"] = description, ["schema"] = schema };
        if (isRequired)
            parameter["required"] = true;
        return parameter;
    }

    private static JsonObject Header(string description) => new() { ["description"] = description, ["schema"] = Text() };

    private static JsonObject Text() => new() { ["type"] = "string" };
}
