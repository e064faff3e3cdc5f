using System.Net;

namespace AgentPlatform.Tests.Gateways;

/// <summary>What browsers go by.</summary>
public sealed class BrowserTests : IAsyncLifetime
{
    private const string Origin = "https://console.example.org";
    private EchoService _echo = null!;

    public async ValueTask InitializeAsync() => _echo = await EchoService.StartAsync();

    public ValueTask DisposeAsync() => _echo.DisposeAsync();

    [Fact]
    public async Task Pages_of_configured_origins_may_call_and_read_what_matters()
    {
        await using var gateway = Start(Origin);
        using var preflight = await SendAsync(gateway, HttpMethod.Options, "/v1/sessions", Origin, ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,idempotency-key"));
        Assert.Equal((HttpStatusCode.NoContent, Origin), (preflight.StatusCode, Assert.Single(preflight.Headers.GetValues("Access-Control-Allow-Origin"))));
        Assert.Contains("idempotency-key", preflight.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);
        Assert.False(preflight.Headers.Contains("Access-Control-Allow-Credentials"));

        // A refusal as well: a page must be able to read why.
        using var refused = await SendAsync(gateway, HttpMethod.Get, "/v1/sessions", Origin);
        Assert.Equal((HttpStatusCode.Unauthorized, Origin), (refused.StatusCode, Assert.Single(refused.Headers.GetValues("Access-Control-Allow-Origin"))));
        var exposed = Assert.Single(refused.Headers.GetValues("Access-Control-Expose-Headers"));
        foreach (var header in new[] { "grpc-status", "grpc-message", "grpc-status-details-bin", "retry-after", "ratelimit", "etag", "x-correlation-id" })
            Assert.Contains(header, exposed.Split(','));
    }

    [Theory]
    [InlineData(null, Origin)]
    [InlineData(Origin, "https://evil.example.org")]
    [InlineData(Origin, "http://console.example.org")]
    [InlineData(Origin, "null")]
    public async Task Nobody_else_s_pages_may(string? configured, string origin)
    {
        await using var gateway = Start(configured);
        foreach (var method in new[] { HttpMethod.Options, HttpMethod.Get })
        {
            using var answer = await SendAsync(gateway, method, "/v1/sessions", origin, ("Access-Control-Request-Method", "GET"));
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Theory]
    [InlineData("/v1/sessions")]
    [InlineData("/v1/nothing")]
    [InlineData("/health")]
    [InlineData("/openapi.json")]
    [InlineData("/docs/index.html")]
    public async Task Answers_say_what_browsers_shall_not_do_with_them(string path)
    {
        await using var gateway = Start(null);
        using var answer = await SendAsync(gateway, HttpMethod.Get, path, null);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("DENY", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
        Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        Assert.Contains("default-src", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.False(answer.Headers.Contains("Server"));
        Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
    }

    private static async Task<HttpResponseMessage> SendAsync(IServiceHost gateway, HttpMethod method, string path, string? origin, params IEnumerable<(string Name, string Value)> headers)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(method, gateway.HttpAddress + path);
        if (origin is not null)
            request.Headers.Add("Origin", origin);
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return await http.SendAsync(request);
    }

    private IServiceHost Start(string? origin)
    {
        var settings = GatewayFixture.SettingsFor(_echo);
        if (origin is not null)
            settings["Cors:Origins:0"] = origin;
        return GatewayFixture.Start(settings);
    }
}
