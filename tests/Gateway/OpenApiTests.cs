using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentPlatform.Gateway;

namespace AgentPlatform.Tests.Gateways;

/// <summary>What is told of the REST calls must be true, and be told to anybody in a form that tools take.</summary>
public sealed class OpenApiTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task The_document_is_valid_and_real_answers_are_as_it_says()
    {
        using var http = await HttpAsync(Tokens.Operator());
        var answers = new JsonObject
        {
            ["SessionService_CreateSession"] = await JsonOf(await http.PostAsJsonAsync("/v1/sessions",
                new { role = "finance", task = "Check", metadata = new { n = 1 }, ttl = "3600s", subject = new { type = "booking", id = "7" } })),
            ["ApprovalService_RequestApproval"] = await JsonOf(await http.PostAsJsonAsync("/v1/approvals",
                new { approverRole = "OPERATOR", action = "invoice.send", reason = "It is due.", arguments = new { amount = 12 } })),
            ["OperationsService_GetPoolStatistics"] = await JsonOf(await http.GetAsync("/v1/services/session/pool")),
        };
        answers["SessionService_ListSessions"] = await JsonOf(await http.GetAsync("/v1/sessions"));
        var report = await NodeClient.RunAsync("openapi.mjs", new JsonObject { ["document"] = await DocumentAsync(http), ["answers"] = answers }.ToJsonString());
        Assert.Empty(report.GetProperty("problems").EnumerateArray().Select(p => p.GetString()));
        Assert.Equal(("3.1", 4), (report.GetProperty("version").GetString(), report.GetProperty("answered").GetInt32()));
        Assert.True(report.GetProperty("examples").GetInt32() > 50);
    }

    [Fact]
    public async Task Every_RPC_that_can_be_called_is_in_it_with_what_it_takes()
    {
        using var http = await HttpAsync(null);
        var document = await DocumentAsync(http);
        var operations = document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject().Select(v => (Path: p.Key, Verb: v.Key, Operation: v.Value!.AsObject())))
            .ToDictionary(o => o.Operation["operationId"]!.GetValue<string>());
        Assert.Equal(new RestRules().All.Where(r => r.IsCallable).Select(r => $"{r.Method.Service.Name}_{r.Method.Name}").Order(), operations.Keys.Order());

        var update = operations["SessionService_UpdateSession"];
        Assert.Equal(("/v1/sessions/{id}", "patch"), (update.Path, update.Verb));
        Assert.Equal(["#IdempotencyKey", "#IfMatch", "#CorrelationId", "#TraceParent", "#Timeout", "id"], NamesOf(update.Operation).OrderBy(n => n == "id"));
        var body = update.Operation["requestBody"]!["content"]!["application/json"]!["schema"]!;
        Assert.DoesNotContain("id", body["properties"]!.AsObject().Select(p => p.Key));
        Assert.Contains("left out", body["properties"]!["updateMask"]!["description"]!.GetValue<string>());
        Assert.Contains("SESSION_ENDED", update.Operation["responses"]!["400"]!["description"]!.GetValue<string>());
        Assert.Equal(["agent", "operator", "superuser"], update.Operation["x-agentplatform-roles"]!.AsArray().Select(r => r!.GetValue<string>()));

        var create = operations["SessionService_CreateSession"].Operation;
        Assert.Equal("Opens a session; it starts as PENDING", create["summary"]!.GetValue<string>());
        Assert.Equal(["role"], create["requestBody"]!["content"]!["application/json"]!["schema"]!["required"]!.AsArray().Select(r => r!.GetValue<string>()));
        Assert.Equal(["ETag", "Idempotency-Replayed", "RateLimit", "X-Correlation-ID"], create["responses"]!["200"]!["headers"]!.AsObject().Select(h => h.Key).Order(StringComparer.Ordinal));

        Assert.Contains("pageSize", NamesOf(operations["SessionService_ListSessions"].Operation));
        Assert.Equal("/v1/vault/files/{path}", operations["VaultService_ReadFile"].Path);
        Assert.Equal(["application/x-ndjson", "text/event-stream"], operations["SessionService_WatchSession"].Operation["responses"]!["200"]!["content"]!.AsObject().Select(c => c.Key));
        var status = document["components"]!["schemas"]!["session.v1.SessionStatus"]!;
        Assert.Contains("Being worked on.", status["description"]!.GetValue<string>());
        Assert.Contains("EXPIRED", status["enum"]!.AsArray().Select(v => v!.GetValue<string>()));
    }

    [Fact]
    public async Task Whoever_has_it_is_told_so()
    {
        using var http = await HttpAsync(null);
        using var first = await http.GetAsync("/openapi.json");
        Assert.Equal(("application/json", "no-cache"), (first.Content.Headers.ContentType?.MediaType, first.Headers.CacheControl?.ToString()));
        using var again = await SendAsync(http, HttpMethod.Get, r => r.Headers.IfNoneMatch.Add(first.Headers.ETag!));
        Assert.Equal((HttpStatusCode.NotModified, 0), (again.StatusCode, (await again.Content.ReadAsByteArrayAsync()).Length));
        using var head = await SendAsync(http, HttpMethod.Head, _ => { });
        Assert.Equal((HttpStatusCode.OK, first.Content.Headers.ContentLength), (head.StatusCode, head.Content.Headers.ContentLength));
        using var other = await SendAsync(http, HttpMethod.Get, r => r.Headers.IfNoneMatch.Add(new EntityTagHeaderValue("\"another\"")));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        using var posted = await SendAsync(http, HttpMethod.Post, _ => { });
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);

        using var zipped = await SendAsync(http, HttpMethod.Get, r => r.Headers.AcceptEncoding.ParseAdd("br, gzip"));
        Assert.Equal("gzip", Assert.Single(zipped.Content.Headers.ContentEncoding));
        Assert.NotEqual(first.Headers.ETag, zipped.Headers.ETag);
        using var plain = new GZipStream(await zipped.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        Assert.True(JsonNode.DeepEquals(await JsonNode.ParseAsync(plain), await DocumentAsync(http)));
        using var unzipped = await SendAsync(http, HttpMethod.Get, r => r.Headers.AcceptEncoding.ParseAdd("gzip;q=0, identity"));
        Assert.Empty(unzipped.Content.Headers.ContentEncoding);
    }

    private static IEnumerable<string> NamesOf(JsonObject operation) =>
        operation["parameters"]!.AsArray().Select(p => p!["name"]?.GetValue<string>() ?? $"#{p["$ref"]!.GetValue<string>().Split('/')[^1]}");

    private static async Task<JsonNode> DocumentAsync(HttpClient http) => await JsonOf(await http.GetAsync("/openapi.json"));

    private static Task<HttpResponseMessage> SendAsync(HttpClient http, HttpMethod method, Action<HttpRequestMessage> change)
    {
        var request = new HttpRequestMessage(method, "/openapi.json");
        change(request);
        return http.SendAsync(request);
    }

    private async Task<HttpClient> HttpAsync(string? token)
    {
        var gateway = await platform.StartAsync("gateway");
        var http = new HttpClient { BaseAddress = new Uri(gateway.HttpAddress) };
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    private static async Task<JsonNode> JsonOf(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }
}
