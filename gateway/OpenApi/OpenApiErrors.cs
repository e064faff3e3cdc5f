using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace AgentPlatform.Gateway;

/// <summary>The refusals of an operation: those that every one has, and those that the RPC's comment names by code and reason.</summary>
public sealed partial class OpenApiErrors(ContractTexts texts)
{
    private static readonly (StatusCode Code, string Text)[] Usual =
    [
        (StatusCode.InvalidArgument, "Something in the request is wrong: `violations` has each field; or the step is not possible now: see `reason`."),
        (StatusCode.Unauthenticated, "There is no token, or one that is not valid: `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_EXPIRED`."),
        (StatusCode.PermissionDenied, "The token's roles do not allow it: `ROLE_MISSING`; or the thing is another agent's: `NOT_YOURS`."),
        (StatusCode.NotFound, "There is no such thing, or it is not the caller's to see."),
        (StatusCode.Aborted, "Something else was first: `CONCURRENT_UPDATE`, `IDEMPOTENCY_IN_FLIGHT`. Look again, then repeat."),
        (StatusCode.ResourceExhausted, "Too many calls, `RATE_LIMITED`, too much at once, or a budget of money that is used up. `Retry-After` says when a repeat makes sense."),
        (StatusCode.Unavailable, "The service does not answer, or stops; nothing was done. `Retry-After` says when to repeat."),
        (StatusCode.DeadlineExceeded, "It took longer than `Grpc-Timeout` allows."),
    ];

    /// <summary>The responses that operations refer to, by the name of their code.</summary>
    public static JsonObject Components() =>
        new(Usual.Select(u => KeyValuePair.Create(u.Code.ToString(), (JsonNode?)Response(u.Text, u.Code))).Append(KeyValuePair.Create("Problem", (JsonNode?)Response("Any other refusal."))));

    /// <summary>What a refusal is.</summary>
    public static JsonObject ProblemSchema() => new()
    {
        ["type"] = "object",
        ["description"] = "Problem details (RFC 9457).",
        ["properties"] = new JsonObject
        {
            ["type"] = Text("Always `about:blank`: `reason` says what it is."),
            ["title"] = Text("The reason again, or the code."),
            ["status"] = new JsonObject { ["type"] = "integer", ["description"] = "The HTTP status." },
            ["detail"] = Text("What went wrong, for people."),
            ["code"] = Text("gRPC's code."),
            ["reason"] = Text("What went wrong, for programs: it stays the same. Empty when nobody said."),
            ["correlationId"] = Text("By which logs, traces and audit entries of the call are found."),
            ["facts"] = new JsonObject { ["type"] = "object", ["additionalProperties"] = new JsonObject { ["type"] = "string" }, ["description"] = "What a program may want to know of it." },
            ["violations"] = new JsonObject
            {
                ["type"] = "array",
                ["description"] = "Every field that is wrong.",
                ["items"] = new JsonObject
                {
                    ["type"] = "object",
                    ["properties"] = new JsonObject { ["field"] = Text("The field, as the contract writes it."), ["description"] = Text("What is wrong with it.") },
                    ["required"] = new JsonArray("field", "description"),
                },
            },
        },
        ["required"] = new JsonArray("type", "title", "status", "detail", "code", "reason", "correlationId"),
        ["examples"] = new JsonArray(new JsonObject
        {
            ["type"] = "about:blank",
            ["title"] = "INVALID_FIELD",
            ["status"] = 400,
            ["detail"] = "role must be 1–64 of [a-z0-9_-]",
            ["code"] = "INVALID_ARGUMENT",
            ["reason"] = "INVALID_FIELD",
            ["correlationId"] = "4f0c1a",
            ["violations"] = new JsonArray(new JsonObject { ["field"] = "role", ["description"] = "must be 1–64 of [a-z0-9_-]" }),
        }),
    };

    /// <summary>Adds an operation's refusals to its responses.</summary>
    public void Add(JsonObject responses, MethodDescriptor method, bool isAnonymous, bool isMutation)
    {
        var said = Clauses().Split(texts.Of(method)).SelectMany(clause => Codes().Matches(clause).Select(m => (Status: StatusOf(m.Value), Clause: clause.Trim(' ', ';', ':'))))
            .ToLookup(s => s.Status, s => s.Clause);
        foreach (var (code, _) in Usual)
        {
            var status = Problem.StatusOf(code).ToString(System.Globalization.CultureInfo.InvariantCulture);
            var always = code switch
            {
                StatusCode.Unauthenticated or StatusCode.PermissionDenied => !isAnonymous,
                StatusCode.NotFound => false,
                StatusCode.Aborted => isMutation,
                _ => true,
            };
            if (said[status].Any())
                responses[status] = Response(string.Join(' ', said[status].Distinct().Select(c => c.EndsWith('.') ? c : $"{c}.")), code);
            else if (always)
                responses[status] = new JsonObject { ["$ref"] = $"#/components/responses/{code}" };
        }
        responses["default"] = new JsonObject { ["$ref"] = "#/components/responses/Problem" };
    }

    private static string StatusOf(string code) =>
        Problem.StatusOf(Enum.GetValues<StatusCode>().First(c => Problem.NameOf(c) == code)).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static JsonObject Response(string description, StatusCode? code = null)
    {
        var response = new JsonObject { ["description"] = description };
        if (code is StatusCode.ResourceExhausted or StatusCode.Unavailable)
            response["headers"] = new JsonObject { ["Retry-After"] = new JsonObject { ["$ref"] = "#/components/headers/RetryAfter" } };
        response["content"] = new JsonObject { [Problem.MediaType] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Problem" } } };
        return response;
    }

    private static JsonObject Text(string description) => new() { ["type"] = "string", ["description"] = description };

    [GeneratedRegex("(?<=[.;]) ")]
    private static partial Regex Clauses();

    [GeneratedRegex(@"\b(INVALID_ARGUMENT|NOT_FOUND|FAILED_PRECONDITION|OUT_OF_RANGE|ABORTED|ALREADY_EXISTS|PERMISSION_DENIED|RESOURCE_EXHAUSTED|UNAVAILABLE|DEADLINE_EXCEEDED)\b")]
    private static partial Regex Codes();
}
