using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AgentPlatform.Gateway;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Who comes to /mcp with what is no call of a good client.</summary>
public sealed class McpDoorTests(Platform platform) : IClassFixture<Platform>
{
    private const string Ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";

    [Fact]
    public async Task Without_a_token_it_says_that_one_is_wanted()
    {
        using var answer = await SendAsync(HttpMethod.Post, Ping, token: null);
        Assert.Equal(("TOKEN_MISSING", "Bearer"), (await ReasonOf(answer, HttpStatusCode.Unauthorized), Assert.Single(answer.Headers.WwwAuthenticate).Scheme));
        using var bad = await SendAsync(HttpMethod.Post, Ping, token: "nonsense");
        Assert.Equal("TOKEN_INVALID", await ReasonOf(bad, HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task A_page_from_elsewhere_is_refused_and_one_from_this_machine_is_not()
    {
        foreach (var origin in new[] { "https://evil.example", "http://127.0.0.1.evil.example", "null", "file://", "http://localhost.evil.example:80" })
        {
            using var refused = await SendAsync(HttpMethod.Post, Ping, headers: ("Origin", origin));
            Assert.Equal("ORIGIN_NOT_ALLOWED", await ReasonOf(refused, HttpStatusCode.Forbidden));
        }
        foreach (var origin in new[] { "http://localhost:6274", "http://127.0.0.1:8080", "http://[::1]:1" })
        {
            using var taken = await SendAsync(HttpMethod.Post, Ping, headers: ("Origin", origin));
            Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        }
        Assert.True(new McpSettings { Origins = ["https://console.example.org"] }.Allows("https://console.example.org"));
    }

    [Fact]
    public async Task What_is_no_message_is_refused()
    {
        foreach (var body in new[] { "", "{", "[]", $"[{Ping}]", "null", "7", "\"x\"", "{}", """{"jsonrpc":"1.0","id":1,"method":"ping"}""", new string('[', 5_000), """{"jsonrpc":"2.0","id":{},"method":"ping"}""",
            """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}""", """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"notify","arguments":[]}}""" })
        {
            using var refused = await SendAsync(HttpMethod.Post, body);
            Assert.Equal("INVALID_FIELD", await ReasonOf(refused, HttpStatusCode.BadRequest));
        }
        using var large = await SendAsync(HttpMethod.Post, $$"""{"jsonrpc":"2.0","id":1,"method":"{{new string('x', 1_100_000)}}"}""");
        Assert.Equal("MESSAGE_TOO_LARGE", await ReasonOf(large, HttpStatusCode.RequestEntityTooLarge));
        using var plain = await SendAsync(HttpMethod.Post, Ping, accept: "application/json");
        Assert.Equal("INVALID_FIELD", await ReasonOf(plain, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task What_it_does_not_do_is_said_without_an_error_of_its_own()
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Delete, HttpMethod.Put })
        {
            using var refused = await SendAsync(method, null);
            Assert.Equal("METHOD_NOT_ALLOWED", await ReasonOf(refused, HttpStatusCode.MethodNotAllowed));
            Assert.Equal(["POST"], refused.Content.Headers.Allow);
        }
        using var resumed = await SendAsync(HttpMethod.Get, null, headers: ("Last-Event-ID", "nonsense"));
        Assert.Equal("INVALID_FIELD", await ReasonOf(resumed, HttpStatusCode.BadRequest));
        using var expired = await SendAsync(HttpMethod.Post, Ping, headers: (McpSession.Header, Guid.CreateVersion7(platform.Clock.GetUtcNow().AddDays(-2)).ToString("N")));
        Assert.Equal("SESSION_EXPIRED", await ReasonOf(expired, HttpStatusCode.NotFound));
        using var notified = await SendAsync(HttpMethod.Post, """{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        Assert.Equal(HttpStatusCode.Accepted, notified.StatusCode);

        foreach (var (body, code) in new[]
        {
            ("""{"jsonrpc":"2.0","id":1,"method":"nothing/there"}""", -32601),
            ("""{"jsonrpc":"2.0","id":1,"method":"tools/call"}""", -32602),
            ("""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///etc/passwd"}}""", -32002),
            ("""{"jsonrpc":"2.0","id":1,"method":"resources/list","params":{"cursor":"elsewhere"}}""", -32602),
        })
        {
            using var answer = await SendAsync(HttpMethod.Post, body);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{body}: {text}");
            var data = text.Split('\n').Single(l => l.StartsWith("data: ", StringComparison.Ordinal))["data: ".Length..];
            Assert.True(JsonElement.Parse(data).GetProperty("error").GetProperty("code").GetInt32() == code, $"{body}: {data}");
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string? body, string? token = "operator", string accept = "application/json, text/event-stream", params (string Name, string Value)[] headers)
    {
        var gateway = await platform.StartAsync("gateway");
        using var http = new HttpClient { BaseAddress = new Uri(gateway.HttpAddress) };
        using var request = new HttpRequestMessage(method, McpMiddleware.Path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token == "operator" ? Tokens.Operator() : token);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await http.SendAsync(request);
    }

    private static async Task<string?> ReasonOf(HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return JsonElement.Parse(text).GetProperty("reason").GetString();
    }
}
