using System.Net;
using System.Net.Http.Headers;

namespace AgentPlatform.Tests.Gateways;

/// <summary>What no honest client would say by HTTP/1.1: none of it is an error of ours, reaches a service by a way round, or holds more than its share.</summary>
public sealed class HostileTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private static string Head => $"Host: localhost\r\nAuthorization: Bearer {Tokens.Operator()}\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nConnection: close\r\n";

    public static TheoryData<int, string> Requests => new()
    {
        { 414, $"GET /v1/{new string('a', 1_000_000)} HTTP/1.1\r\n\r\n" },
        { 414, $"GET /v1/sessions?{string.Concat(Enumerable.Repeat("a=1&", 10_000))} HTTP/1.1\r\n\r\n" },
        { 400, $"GET /v1/sessions?{string.Concat(Enumerable.Repeat("a&", 3_000))} HTTP/1.1\r\n\r\n" },
        { 431, $"GET /v1/sessions HTTP/1.1\r\nX-A: {new string('a', 1_000_000)}\r\n\r\n" },
        { 431, $"GET /v1/sessions HTTP/1.1\r\n{string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: 1\r\n"))}\r\n" },
        { 400, "GET /v1/sess\0ions HTTP/1.1\r\n\r\n" },
        { 400, "GET /v1/sessions/a%00b HTTP/1.1\r\n\r\n" },
        { 400, "GET /v1/sessions HTTP/1.1\r\nX-Correlation-ID: a\0b\r\n\r\n" },
        { 404, "GET /x/../v1/sessions HTTP/1.1\r\n\r\n" },
        { 404, "GET /v1/..%2fsessions%2f..%2f..%2fetc HTTP/1.1\r\n\r\n" },
        { 404, "GET /docs/..%2f..%2fappsettings.json HTTP/1.1\r\n\r\n" },
        { 400, "GET http://elsewhere.example/v1/sessions HTTP/1.1\r\n\r\n" },
        { 400, "GET /v1/sessions HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n" },
        { 404, "OPTIONS * HTTP/1.1\r\n\r\n" },
        { 405, "TRACE /v1/sessions HTTP/1.1\r\n\r\n" },
        { 505, "GET /v1/sessions HTTP/9.9\r\n\r\n" },
        { 426, "POST /agentplatform.session.v1.SessionService/ListSessions HTTP/1.1\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n" },
        { 400, "POST /v1/sessions HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" },
        { 400, "POST /v1/sessions HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" },
        { 400, "POST /v1/sessions HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" },
        { 400, "POST /v1/sessions HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}" },
        { 400, "POST /v1/sessions HTTP/1.1\r\nContent-Length: -1\r\n\r\n{}" },
        { 400, "POST /v1/sessions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nabc" },
        { 400, "POST /v1/sessions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc" },
        { 413, "POST /v1/sessions HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n" },
        { 413, $"POST /v1/sessions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{string.Concat(Enumerable.Repeat($"100000\r\n{new string(' ', 0x100000)}\r\n", 17))}" },
        { 400, $"POST /v1/sessions HTTP/1.1\r\nContent-Length: 400000\r\n\r\n{new string('[', 400_000)}" },
        { 400, "POST /mcp HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nabc" },
        { 413, "POST /mcp HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n" },
        { 408, "POST /mcp HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task It_is_refused_as_the_mistake_that_it_is(int status, string request)
    {
        var end = request.IndexOf("\r\n", StringComparison.Ordinal) + 2;
        var answer = await RawHttp1.AskAsync(fixture.Gateway.HttpAddress, request[..end] + Head + request[end..]);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_with_two_lengths_has_one_and_what_follows_it_is_no_request()
    {
        var token = Tokens.Operator("olga-smuggles");
        // The chunks count, and the connection ends behind them: what follows could have been meant for somebody else's request.
        var answer = await RawHttp1.AskAsync(fixture.Gateway.HttpAddress,
            $"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
        Assert.Equal(1, answer.Split("HTTP/1.1 ").Length - 1);
        Assert.True(fixture.Echo.Calls.Count(c => c["authorization"] == $"Bearer {token}") <= 1);
    }

    [Theory]
    [InlineData("websocket")]
    [InlineData("h2c")]
    [InlineData("SPDY/3.1")]
    public async Task Who_asks_to_go_over_to_another_protocol_is_answered_in_this_one_and_no_instance_is_blamed(string protocol)
    {
        var name = $"olga-upgrades-{protocol[..2]}";
        // So many failures would take the instance out for a while.
        for (var i = 0; i < 10; i++)
            Assert.StartsWith("HTTP/1.1 200 ", await RawHttp1.AskAsync(fixture.Gateway.HttpAddress,
                $"GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {Tokens.Operator(name)}\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                until: "\r\n\r\n"), StringComparison.Ordinal);
        using var other = new EchoClient(fixture.Gateway.GrpcAddress, Tokens.Operator());
        Assert.Equal("hello", await other.Unary(package: "agentplatform.session.v1"));
    }

    [Fact]
    public async Task Headers_beyond_ASCII_are_handed_on_and_no_instance_is_blamed()
    {
        var token = Tokens.Operator("olga-umlaut");
        for (var i = 0; i < 10; i++)
            Assert.StartsWith("HTTP/1.1 200 ", await RawHttp1.AskAsync(fixture.Gateway.HttpAddress,
                // The UTF-8 of an umlaut.
                $"GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nX-Name: M\u00c3\u00bcller\r\n\r\n", until: "\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains(fixture.Echo.Calls, c => c["authorization"] == $"Bearer {token}" && c["x-name"] == "Müller");
    }

    [Fact]
    public async Task Requests_that_come_one_behind_the_other_are_answered_in_their_order()
    {
        var request = (int i) => $"GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nX-Correlation-ID: pipelined-{i:00}\r\nAuthorization: Bearer {Tokens.Operator()}\r\nConnection: {(i < 49 ? "keep-alive" : "close")}\r\n\r\n";
        var answer = await RawHttp1.AskAsync(fixture.Gateway.HttpAddress, string.Concat(Enumerable.Range(0, 50).Select(request)));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"pipelined-{i:00}"),
            answer.Split("\r\n").Where(l => l.StartsWith("x-correlation-id: ", StringComparison.OrdinalIgnoreCase)).Select(l => l.Split(' ')[1]));
    }

    [Fact]
    public async Task Bodies_together_hold_no_more_than_they_may()
    {
        var settings = GatewayFixture.SettingsFor(fixture.Echo);
        settings["Limits:BodyBytes"] = $"{16 * 1024 * 1024}";
        await using var gateway = GatewayFixture.Start(settings);
        using var http = new HttpClient();
        RawHttp1? slow = null;
        await Eventually.TrueAsync(async () =>
        {
            // Had the other one been read first, this one would have been refused.
            slow?.Dispose();
            slow = await RawHttp1.ConnectAsync(gateway.HttpAddress);
            await slow.SendAsync($"POST /v1/sessions HTTP/1.1\r\n{Head}Content-Length: 16000000\r\n\r\n{new string(' ', 15_900_000)}");
            using var large = await PostAsync(http, gateway, 2_000_000);
            return large.StatusCode == HttpStatusCode.ServiceUnavailable && large.Headers.RetryAfter?.Delta == TimeSpan.FromSeconds(1)
                && (await large.Content.ReadAsStringAsync()).Contains("OVERLOADED", StringComparison.Ordinal);
        }, "a further large body finds no room");
        // Small ones do, and gRPC's are not kept here.
        Assert.NotEqual(HttpStatusCode.ServiceUnavailable, (await PostAsync(http, gateway, 1_000)).StatusCode);
        using var other = new EchoClient(gateway.GrpcAddress, Tokens.Operator());
        Assert.Equal("hello", await other.Unary());

        slow!.Dispose();
        await Eventually.TrueAsync(async () => (await PostAsync(http, gateway, 2_000_000)).StatusCode != HttpStatusCode.ServiceUnavailable, "there is room again");
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, IServiceHost gateway, int bytes)
    {
        var content = new StringContent(new string(' ', bytes), new MediaTypeHeaderValue("application/json"));
        return http.SendAsync(new HttpRequestMessage(HttpMethod.Post, $"{gateway.HttpAddress}/v1/sessions")
        {
            Content = content, Headers = { Authorization = new AuthenticationHeaderValue("Bearer", Tokens.Operator()) },
        });
    }
}
