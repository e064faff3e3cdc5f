using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using Idempotency = AgentPlatform.Contracts.Access.V1.Idempotency;

namespace AgentPlatform.Gateway;

/// <summary>The operation of each way to call an RPC by REST: what it takes in path, query, headers and body, what it answers, and who may call it.</summary>
public sealed class OpenApiOperations(ContractTexts texts, JsonSchemas schemas, AccessRules access)
{
    private const string MaskField = "update_mask";

    private readonly OpenApiErrors _errors = new(texts);
    private readonly RequestExample _examples = new(texts);

    /// <summary>The path as OpenAPI writes it, with the names of JSON.</summary>
    public static string PathOf(RestRule rule) => rule.Template.Described(name => Field(rule, name).JsonName);

    /// <summary>The operation.</summary>
    public JsonObject Of(RestRule rule)
    {
        var method = rule.Method;
        var who = access.Find(rule.GrpcPath)!;
        var operation = new JsonObject
        {
            ["operationId"] = $"{method.Service.Name}_{method.Name}",
            ["tags"] = new JsonArray(method.Service.Name),
            ["summary"] = ContractTexts.FirstSentence(texts.Of(method)),
            ["description"] = $"{texts.Of(method)}\n\n{WhoMay(who)}",
            ["x-agentplatform-roles"] = new JsonArray([.. who.Roles.Select(r => (JsonNode)Caller.NameOf(r))]),
            ["parameters"] = new JsonArray([.. PathParameters(rule), .. QueryParameters(rule), .. HeaderParameters(method, who.Idempotency)]),
        };
        if (who.Anonymous)
            operation["security"] = new JsonArray();
        if (BodyOf(rule) is { } body)
            operation["requestBody"] = body;
        var responses = new JsonObject { ["200"] = Answer(method, who.Idempotency) };
        _errors.Add(responses, method, who.Anonymous, who.Idempotency != Idempotency.Unspecified);
        operation["responses"] = responses;
        return operation;
    }

    private static string WhoMay(Contracts.Access.V1.Access who) =>
        who.Anonymous ? "Anybody may call it." : $"Roles: {string.Join(", ", who.Roles.Select(r => $"`{Caller.NameOf(r)}`"))}.";

    private IEnumerable<JsonObject> PathParameters(RestRule rule) => rule.Template.Fields.Select(name =>
    {
        var field = Field(rule, name);
        var text = texts.Of(field);
        if (rule.Template.IsRest(name))
            text += " It may go over several segments: a slash in it stays a slash, and is not to be escaped.";
        return Parameter("path", field.JsonName, schemas.Of(field), text, isRequired: true);
    });

    private IEnumerable<JsonObject> QueryParameters(RestRule rule) =>
        rule.Body == "*" ? [] : InQuery(rule).SelectMany(f => Leaves(f, "", [rule.Method.InputType]));

    private static IEnumerable<FieldDescriptor> InQuery(RestRule rule)
    {
        var elsewhere = rule.Template.Fields.Append(rule.Body).ToHashSet();
        return rule.Method.InputType.Fields.InDeclarationOrder().Where(f => !elsewhere.Contains(f.Name));
    }

    // A message is given by its fields, each with a dot; what a query cannot say, it does not offer.
    private IEnumerable<JsonObject> Leaves(FieldDescriptor field, string before, IReadOnlyList<MessageDescriptor> within)
    {
        var name = before + field.JsonName;
        if (FieldBinder.IsText(field))
            return [Parameter("query", name, schemas.Of(field), texts.Of(field), texts.IsRequired(field) && before.Length == 0)];
        if (field.FieldType != FieldType.Message || field.IsRepeated || within.Contains(field.MessageType))
            return [];
        return field.MessageType.Fields.InDeclarationOrder().SelectMany(f => Leaves(f, $"{name}.", [.. within, field.MessageType]));
    }

    private static IEnumerable<JsonObject> HeaderParameters(MethodDescriptor method, Idempotency idempotency)
    {
        if (idempotency != Idempotency.Unspecified)
            yield return new JsonObject { ["$ref"] = $"#/components/parameters/{(idempotency == Idempotency.Required ? "RequiredIdempotencyKey" : "IdempotencyKey")}" };
        if (RestRequest.VersionOf(method.InputType) is not null)
            yield return new JsonObject { ["$ref"] = "#/components/parameters/IfMatch" };
        foreach (var name in OpenApiHeaders.OfEveryCall)
            yield return new JsonObject { ["$ref"] = $"#/components/parameters/{name}" };
    }

    private JsonObject? BodyOf(RestRule rule)
    {
        if (rule.Body.Length == 0)
            return null;
        var inPath = rule.Template.Fields.ToHashSet();
        var whole = rule.Body == "*" ? rule.Method.InputType : rule.Method.InputType.FindFieldByName(rule.Body).MessageType;
        var fields = whole.Fields.InDeclarationOrder().Where(f => rule.Body != "*" || !inPath.Contains(f.Name)).ToList();
        var schema = schemas.Request(whole, fields);
        schema["title"] = whole.Name;
        if (rule.Verb == HttpMethods.Patch && schema["properties"]![MaskFieldOf(whole)] is JsonObject mask)
            mask["description"] = $"{mask["description"]} When it is left out, the fields that the body names are meant.";
        return new JsonObject
        {
            // Without one, the request is as if every field had its default.
            ["required"] = fields.Any(texts.IsRequired),
            ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = schema, ["example"] = _examples.Of(fields) } },
        };
    }

    private static string MaskFieldOf(MessageDescriptor type) => type.FindFieldByName(MaskField)?.JsonName ?? MaskField;

    private JsonObject Answer(MethodDescriptor method, Idempotency idempotency)
    {
        var schema = schemas.Of(method.OutputType);
        var headers = new JsonObject { ["X-Correlation-ID"] = new JsonObject { ["$ref"] = "#/components/headers/CorrelationId" }, ["RateLimit"] = new JsonObject { ["$ref"] = "#/components/headers/RateLimit" } };
        if (method.IsServerStreaming)
        {
            return new JsonObject
            {
                ["description"] = "A stream of these: a line for each (NDJSON), or an event each. One that breaks off ends with a line `{\"error\": …}`, or an event `error`, with the problem.",
                ["headers"] = headers,
                ["content"] = new JsonObject
                {
                    ["application/x-ndjson"] = new JsonObject { ["schema"] = schema },
                    ["text/event-stream"] = new JsonObject { ["schema"] = schema.DeepClone() },
                },
            };
        }
        if (RestAnswer.VersionOf(method.OutputType) is not null)
            headers["ETag"] = new JsonObject { ["$ref"] = "#/components/headers/ETag" };
        if (idempotency != Idempotency.Unspecified)
            headers["Idempotency-Replayed"] = new JsonObject { ["$ref"] = "#/components/headers/IdempotencyReplayed" };
        return new JsonObject
        {
            ["description"] = texts.Of(method.OutputType) is { Length: > 0 } text ? text : "It is done.",
            ["headers"] = headers,
            ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = schema } },
        };
    }

    private static FieldDescriptor Field(RestRule rule, string name) =>
        rule.Method.InputType.FindFieldByName(name) ?? throw new InvalidOperationException($"The path of {rule.Method.FullName} names {name}, which its request has not.");

    private static JsonObject Parameter(string place, string name, JsonObject schema, string text, bool isRequired)
    {
        var parameter = new JsonObject { ["name"] = name, ["in"] = place, ["schema"] = schema };
        if (isRequired)
            parameter["required"] = true;
        if (text.Length > 0)
            parameter["description"] = text;
        return parameter;
    }
}
