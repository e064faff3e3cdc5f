using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentPlatform.Tests.Gateways;

/// <summary>The platform by plain HTTP and JSON, as curl and browsers speak.</summary>
public sealed class RestTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_session_is_made_read_changed_listed_and_moved()
    {
        using var http = await HttpAsync(Tokens.Operator());
        using var created = await SendAsync(http, HttpMethod.Post, "/v1/sessions", """{"role": "finance", "task": "Check", "metadata": {"n": 1}}""", ("Idempotency-Key", "rest-1"));
        var session = (await JsonOf(created))["session"]!;
        var id = session["id"]!.GetValue<string>();
        Assert.Equal((HttpStatusCode.OK, "application/json", "\"1\""), (created.StatusCode, created.Content.Headers.ContentType?.MediaType, created.Headers.ETag?.Tag));
        Assert.Equal(("PENDING", 1d), (session["status"]!.GetValue<string>(), session["metadata"]!["n"]!.GetValue<double>()));
        Assert.False(created.Headers.Contains("Idempotency-Replayed"));
        Assert.DoesNotContain(created.Headers, h => h.Key.StartsWith("grpc", StringComparison.OrdinalIgnoreCase));

        using var repeated = await SendAsync(http, HttpMethod.Post, "/v1/sessions", """{"role": "finance", "task": "Check", "metadata": {"n": 1}}""", ("Idempotency-Key", "rest-1"));
        using var reused = await SendAsync(http, HttpMethod.Post, "/v1/sessions", """{"role": "finance", "task": "Another"}""", ("Idempotency-Key", "rest-1"));
        await ExpectAsync(reused, HttpStatusCode.UnprocessableEntity, "IDEMPOTENCY_KEY_REUSED");
        Assert.Equal(("true", id), (Assert.Single(repeated.Headers.GetValues("Idempotency-Replayed")), (await JsonOf(repeated))["session"]!["id"]!.GetValue<string>()));

        using var read = await SendAsync(http, HttpMethod.Get, $"/v1/sessions/{id}", null, ("X-Correlation-ID", "rest-read"));
        Assert.Equal(("rest-read", "Check"), (Assert.Single(read.Headers.GetValues("X-Correlation-ID")), (await JsonOf(read))["session"]!["task"]!.GetValue<string>()));

        // What is sent is what is meant; a mask is for who wants to say it.
        using var patched = await SendAsync(http, HttpMethod.Patch, $"/v1/sessions/{id}", """{"task": "Check again"}""", ("If-Match", created.Headers.ETag!.Tag));
        var changed = (await JsonOf(patched))["session"]!;
        Assert.Equal(("Check again", 1d, "\"2\""), (changed["task"]!.GetValue<string>(), changed["metadata"]!["n"]!.GetValue<double>(), patched.Headers.ETag?.Tag));
        using var late = await SendAsync(http, HttpMethod.Patch, $"/v1/sessions/{id}", """{"task": "Too late"}""", ("If-Match", "\"1\""));
        Assert.Equal("ABORTED", (await ExpectAsync(late, HttpStatusCode.Conflict, "CONCURRENT_UPDATE")).GetProperty("code").GetString());

        using var moved = await SendAsync(http, HttpMethod.Post, $"/v1/sessions/{id}:transition", """{"status": "ACTIVE"}""");
        Assert.Equal("ACTIVE", (await JsonOf(moved))["session"]!["status"]!.GetValue<string>());
        foreach (var query in new[] { "page_size=1&status=ACTIVE&role=finance", "pageSize=1&status=ACTIVE" })
        {
            using var listed = await SendAsync(http, HttpMethod.Get, $"/v1/sessions?{query}");
            Assert.Equal([id], (await JsonOf(listed))["sessions"]!.AsArray().Select(s => s!["id"]!.GetValue<string>()));
        }
    }

    [Fact]
    public async Task What_is_wrong_is_told_field_by_field()
    {
        using var http = await HttpAsync(Tokens.Operator());
        using var bad = await SendAsync(http, HttpMethod.Post, "/v1/sessions", """{"role": "No Role"}""");
        Assert.Equal(["role"], await ViolationsOf(bad));
        using var unknown = await SendAsync(http, HttpMethod.Post, "/v1/sessions", """{"rolle": "finance"}""");
        Assert.Equal(["body"], await ViolationsOf(unknown));
        using var broken = await SendAsync(http, HttpMethod.Post, "/v1/sessions", """{"role": """);
        Assert.Equal(["body"], await ViolationsOf(broken));
        using var array = await SendAsync(http, HttpMethod.Post, "/v1/sessions", "[]");
        Assert.Equal(["body"], await ViolationsOf(array));
        using var bytes = await SendContentAsync(http, HttpMethod.Post, "/v1/sessions", new ByteArrayContent([.. "{\"role\": \"finance\", \"task\": \""u8, 0xff, .. "\"}"u8]));
        Assert.Equal(["body"], await ViolationsOf(bytes));
        using var deep = await SendAsync(http, HttpMethod.Post, "/v1/sessions", $$"""{"role": "finance", "metadata": {{string.Concat(Enumerable.Repeat("{\"a\":", 2_000))}}1{{new string('}', 2_000)}}}""");
        Assert.Equal(["body"], await ViolationsOf(deep));
        using var query = await SendAsync(http, HttpMethod.Get, "/v1/sessions?page_size=many&status=ASLEEP&colour=red&page_size=99999999999");
        Assert.Equal(["page_size", "status", "colour", "page_size"], await ViolationsOf(query));
        using var both = await SendAsync(http, HttpMethod.Get, $"/v1/sessions/{Guid.NewGuid()}?id=x");
        Assert.Equal(["id"], await ViolationsOf(both));
        using var match = await SendAsync(http, HttpMethod.Get, "/v1/sessions", null, ("If-Match", "\"1\""));
        Assert.Equal(["if-match"], await ViolationsOf(match));
        using var id = await SendAsync(http, HttpMethod.Get, "/v1/sessions/%20");
        Assert.Equal(["id"], await ViolationsOf(id));
    }

    [Fact]
    public async Task Refusals_are_problems_with_the_status_that_fits()
    {
        using var person = await HttpAsync(Tokens.Operator());
        using var missing = await SendAsync(person, HttpMethod.Get, $"/v1/sessions/{Guid.CreateVersion7()}");
        await ExpectAsync(missing, HttpStatusCode.NotFound, "SESSION_NOT_FOUND");
        using var nowhere = await SendAsync(person, HttpMethod.Get, "/v1/nowhere");
        await ExpectAsync(nowhere, HttpStatusCode.NotFound, "ROUTE_NOT_FOUND");
        using var put = await SendAsync(person, HttpMethod.Put, "/v1/sessions", "{}");
        await ExpectAsync(put, HttpStatusCode.MethodNotAllowed, "METHOD_NOT_ALLOWED");
        Assert.Equal(["GET", "POST"], put.Content.Headers.Allow.Order());
        using var stream = await SendAsync(person, HttpMethod.Post, "/v1/agents:connect", "{}");
        await ExpectAsync(stream, HttpStatusCode.NotImplemented, "STREAM_NEEDS_GRPC");
        using var large = await SendAsync(person, HttpMethod.Post, "/v1/sessions", $$"""{"role": "finance", "task": "{{new string('x', 17 * 1024 * 1024)}}"}""");
        await ExpectAsync(large, HttpStatusCode.RequestEntityTooLarge, "MESSAGE_TOO_LARGE");
        using var larger = await SendAsync(person, HttpMethod.Post, "/v1/sessions", $$"""{"role": "finance", "task": "{{new string('x', 5 * 1024 * 1024)}}"}""");
        await ExpectAsync(larger, HttpStatusCode.RequestEntityTooLarge, "MESSAGE_TOO_LARGE");

        using var nobody = await HttpAsync(null);
        using var open = await SendAsync(nobody, HttpMethod.Get, "/v1/sessions");
        await ExpectAsync(open, HttpStatusCode.Unauthorized, "TOKEN_MISSING");
        Assert.Equal("Bearer", Assert.Single(open.Headers.WwwAuthenticate).Scheme);
        using var auditor = await HttpAsync(Tokens.Auditor());
        using var denied = await SendAsync(auditor, HttpMethod.Post, "/v1/sessions", """{"role": "finance"}""");
        Assert.Equal("PERMISSION_DENIED", (await ExpectAsync(denied, HttpStatusCode.Forbidden, "ROLE_MISSING")).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_stream_comes_as_lines_or_as_events()
    {
        using var http = await HttpAsync(Tokens.Operator());
        using var created = await SendAsync(http, HttpMethod.Post, "/v1/sessions", """{"role": "finance"}""");
        var id = (await JsonOf(created))["session"]!["id"]!.GetValue<string>();
        foreach (var (accept, type, before) in new[] { ("application/x-ndjson", "application/x-ndjson", ""), ("text/event-stream", "text/event-stream", "data: ") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/sessions/{id}:watch") { Headers = { Accept = { new MediaTypeWithQualityHeaderValue(accept) } } };
            using var watch = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(type, watch.Content.Headers.ContentType?.MediaType);
            using var lines = new StreamReader(await watch.Content.ReadAsStreamAsync());
            var first = await lines.ReadLineAsync();
            Assert.StartsWith(before, first!, StringComparison.Ordinal);
            Assert.Equal(id, JsonNode.Parse(first![before.Length..])!["session"]!["id"]!.GetValue<string>());
        }

        using var refused = await SendAsync(http, HttpMethod.Get, $"/v1/sessions/{Guid.CreateVersion7()}:watch");
        await ExpectAsync(refused, HttpStatusCode.NotFound, "SESSION_NOT_FOUND");
        await SendAsync(http, HttpMethod.Post, $"/v1/sessions/{id}:transition", """{"status": "CANCELLED"}""");
        using var ended = await SendAsync(http, HttpMethod.Get, $"/v1/sessions/{id}:watch");
        Assert.All((await ended.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.NotNull(JsonNode.Parse(line)));
    }

    [Fact]
    public async Task What_a_service_says_of_itself_is_there_by_its_name()
    {
        using var http = await HttpAsync(Tokens.Operator());
        await platform.StartAsync("session");
        using var pool = await SendAsync(http, HttpMethod.Get, "/v1/services/session/pool");
        Assert.Equal(3, (await JsonOf(pool))["tiers"]!.AsArray().Count);
    }

    private async Task<HttpClient> HttpAsync(string? token)
    {
        var gateway = await platform.StartAsync("gateway");
        var http = new HttpClient { BaseAddress = new Uri(gateway.HttpAddress) };
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient http, HttpMethod method, string path, string? json = null, params (string Name, string Value)[] headers) =>
        SendContentAsync(http, method, path, json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"), headers);

    private static Task<HttpResponseMessage> SendContentAsync(HttpClient http, HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return http.SendAsync(request);
    }

    private static async Task<JsonNode> JsonOf(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    private static async Task<JsonElement> ExpectAsync(HttpResponseMessage response, HttpStatusCode status, string reason)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal((reason, (int)status), (problem.GetProperty("reason").GetString(), problem.GetProperty("status").GetInt32()));
        Assert.Equal(Assert.Single(response.Headers.GetValues("X-Correlation-ID")), problem.GetProperty("correlationId").GetString());
        return problem;
    }

    private static async Task<List<string>> ViolationsOf(HttpResponseMessage response)
    {
        var problem = await ExpectAsync(response, HttpStatusCode.BadRequest, "INVALID_FIELD");
        return [.. problem.GetProperty("violations").EnumerateArray().Select(v => v.GetProperty("field").GetString()!)];
    }
}
