using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentPlatform.Gateway;

/// <summary>The OpenAPI 3.1 document of all that can be called by REST, from the same descriptors as the calls themselves.</summary>
public sealed class OpenApiDocument(RestRules rules, AccessRules access, ContractTexts texts)
{
    private static readonly JsonSerializerOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The document as UTF-8. It takes a moment to make, and is the same for as long as the process runs.</summary>
    public byte[] Make()
    {
        var callable = rules.All.Where(r => r.IsCallable).OrderBy(r => OpenApiOperations.PathOf(r), StringComparer.Ordinal).ThenBy(r => r.Verb, StringComparer.Ordinal).ToList();
        var schemas = new JsonSchemas(texts, "#/components/schemas/");
        var operations = new OpenApiOperations(texts, schemas, access);
        var paths = new JsonObject();
        foreach (var path in callable.GroupBy(OpenApiOperations.PathOf))
            paths[path.Key] = new JsonObject(path.Select(r => KeyValuePair.Create(r.Verb.ToLowerInvariant(), (JsonNode?)operations.Of(r))));
        var definitions = schemas.Definitions();
        definitions["Problem"] = OpenApiErrors.ProblemSchema();
        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = Info(),
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["security"] = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() }),
            ["tags"] = new JsonArray([.. callable.Select(r => r.Method.Service).DistinctBy(s => s.Name).OrderBy(s => s.Name, StringComparer.Ordinal)
                .Select(s => new JsonObject { ["name"] = s.Name, ["description"] = texts.Of(s) })]),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["bearerFormat"] = "JWT", ["description"] = "An OIDC access token; in development, `./run token ROLE` prints one." },
                },
                ["parameters"] = OpenApiHeaders.Parameters(),
                ["headers"] = OpenApiHeaders.Headers(),
                ["responses"] = OpenApiErrors.Components(),
                ["schemas"] = definitions,
            },
        }, Written);
    }

    private JsonObject Info() => new()
    {
        ["title"] = "AgentPlatform",
        ["version"] = typeof(OpenApiDocument).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
        ["description"] = $"""
            The control plane for fleets of agents, by HTTP and JSON. The same calls are there by gRPC, with the same tokens, roles and rules.

            - JSON is [proto3's](https://protobuf.dev/programming-guides/json/): 64-bit numbers are strings, times RFC 3339, durations seconds with an `s`. An answer leaves out what is zero, empty or false.
            - Lists come by pages: `pageSize`, and as `pageToken` the `nextPageToken` of the page before; it is empty on the last one.
            - Whatever changes something takes an `Idempotency-Key`, under which it happens once.
            - A refusal is `application/problem+json`, with a `reason` for programs.
            - What takes a stream of messages is there by gRPC alone: {string.Join(", ", rules.All.Where(r => !r.IsCallable).Select(r => $"`{r.Method.Name}`").Order())}.
            """,
        ["license"] = new JsonObject { ["name"] = "MIT", ["identifier"] = "MIT" },
    };
}
