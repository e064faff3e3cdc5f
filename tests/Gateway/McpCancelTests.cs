using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AgentPlatform.Gateway;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Clients that take a tool call back while it runs.</summary>
public sealed class McpCancelTests(TestServers servers)
{
    private const string Call = """{"jsonrpc":"2.0","id":"seven","method":"tools/call","params":{"name":"get_session","arguments":{"id":"0197a3c1-5d2e-7b40-9c11-3f6a8e2d7b90"}}}""";
    private const string Cancelled = """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"seven","reason":"Not wanted any more"}}""";

    [Theory]
    [InlineData("by a notification")]
    [InlineData("by a notification to another gateway")]
    [InlineData("by leaving")]
    public async Task A_call_that_is_taken_back_is_given_up_at_its_service(string way)
    {
        await using var echo = await EchoService.StartAsync();
        echo.Does = "Hang";
        var settings = GatewayFixture.SettingsFor(echo);
        settings["ConnectionStrings:redis"] = servers.Redis;
        await using var gateway = GatewayFixture.Start(settings);
        await using var other = GatewayFixture.Start(settings);
        var session = McpSession.Begin(TimeProvider.System);
        using var leaving = new CancellationTokenSource();
        var call = PostAsync(gateway, session, Call, Tokens.Operator(), leaving.Token);
        await Eventually.TrueAsync(() => Task.FromResult(echo.Calls.Count == 1), "the call is at its service");

        // What somebody else takes back, or of another session, is not this one.
        foreach (var (theirs, token) in new[] { (session, Tokens.Operator("oscar")), (McpSession.Begin(TimeProvider.System), Tokens.Operator()) })
            Assert.Equal((HttpStatusCode.Accepted, ""), await PostAsync(gateway, theirs, Cancelled, token));
        Assert.False(echo.GivenUp.Task.IsCompleted);

        if (way == "by leaving")
        {
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
            await echo.GivenUp.Task.WaitAsync(TestContext.Current.CancellationToken);
            return;
        }
        // The other gateway connects to Redis beside its start, and until then nobody hears it.
        await Eventually.TrueAsync(async () =>
        {
            await PostAsync(way == "by a notification" ? gateway : other, session, Cancelled, Tokens.Operator());
            return echo.GivenUp.Task.IsCompleted;
        }, "the call is given up");
        var (status, answer) = await call;
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("CANCELLED: ", answer, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string Text)> PostAsync(IServiceHost gateway, string session, string message, string token, CancellationToken cancellation = default)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, gateway.HttpAddress + McpMiddleware.Path) { Content = new StringContent(message, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation(McpSession.Header, session);
        using var answer = await http.SendAsync(request, cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellation));
    }
}
