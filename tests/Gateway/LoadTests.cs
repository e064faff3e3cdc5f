using System.Net;
using Grpc.Core;

namespace AgentPlatform.Tests.Gateways;

/// <summary>More than the gateway can bear, and callers that mean it ill.</summary>
public sealed class LoadTests : IAsyncLifetime
{
    private const string Echo = "/agentplatform.registry.v1.EchoService/";
    private EchoService _echo = null!;

    public async ValueTask InitializeAsync() => _echo = await EchoService.StartAsync();

    public ValueTask DisposeAsync() => _echo.DisposeAsync();

    [Fact]
    public async Task Calls_beyond_the_places_are_told_to_come_back_while_those_in_progress_go_on()
    {
        await using var gateway = Start(("Limits:Calls", "2"));
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Operator());
        using var leaving = new CancellationTokenSource();
        using var one = client.Unary("Hang", cancellation: leaving.Token);
        using var other = client.Unary("Hang", cancellation: leaving.Token);
        await Eventually.TrueAsync(() => Task.FromResult(_echo.Calls.Count == 2), "both are in progress");

        await Refusal.ExpectAsync(StatusCode.Unavailable, "OVERLOADED", async () => await client.Unary());
        using var http = new HttpClient();
        using var rest = await http.GetAsync($"{gateway.HttpAddress}/v1/sessions", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1), "application/problem+json"), (rest.StatusCode, rest.Headers.RetryAfter?.Delta, rest.Content.Headers.ContentType?.MediaType));
        using var probe = await http.GetAsync($"{gateway.HttpAddress}/alive", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, probe.StatusCode);
        Assert.Equal(2, _echo.Calls.Count);

        await leaving.CancelAsync();
        await Eventually.TrueAsync(async () => await client.Unary() == "hello", "places are free again");
    }

    [Fact]
    public async Task Streams_have_places_of_their_own()
    {
        await using var gateway = Start(("Limits:Calls", "1"), ("Limits:Streams", "1"));
        using var raw = await RawHttp2.ConnectAsync(gateway.GrpcAddress);
        // Its service is no real one and hangs on it: what matters is the method's contract.
        _echo.Does = "Hang";
        await raw.SendAsync(RawHttp2.Frame.Headers, 0x04, raw.NextStream(), RawHttp2.Call("/agentplatform.registry.v1.AgentLinkService/Connect", Tokens.Agent("a")));
        await Eventually.TrueAsync(() => Task.FromResult(_echo.Calls.Count == 1), "the stream is open");
        _echo.Does = null;

        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Operator());
        Assert.Equal("hello", await client.Unary());
        using var second = Grpc.Net.Client.GrpcChannel.ForAddress(gateway.GrpcAddress);
        var raw2 = new RawClient(second.CreateCallInvoker());
        await Refusal.ExpectAsync(StatusCode.Unavailable, "OVERLOADED",
            () => raw2.CallAsync("/agentplatform.registry.v1.AgentTaskService/PollTasks", MethodType.Unary, [], new CallOptions(new Metadata { { "authorization", $"Bearer {Tokens.Agent("b")}" } })));
    }

    [Fact]
    public async Task A_stream_opens_while_calls_have_taken_all_their_places()
    {
        await using var gateway = Start(("Limits:Calls", "1"));
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Operator());
        using var leaving = new CancellationTokenSource();
        using var call = client.Unary("Hang", cancellation: leaving.Token);
        await Eventually.TrueAsync(() => Task.FromResult(_echo.Calls.Count == 1), "the call is in progress");

        using var raw = await RawHttp2.ConnectAsync(gateway.GrpcAddress);
        _echo.Does = "Hang";
        await raw.SendAsync(RawHttp2.Frame.Headers, 0x04, raw.NextStream(), RawHttp2.Call("/agentplatform.registry.v1.AgentLinkService/Connect", Tokens.Agent("a")));
        await Eventually.TrueAsync(() => Task.FromResult(_echo.Calls.Count == 2), "the stream is open");
        await leaving.CancelAsync();
    }

    [Fact]
    public async Task A_stream_may_be_as_long_as_it_likes()
    {
        await using var gateway = Start();
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Agent("talker"));
        using var stream = client.Stream();
        var message = new string('x', 1_000_000);
        // Beyond the 30,000,000 bytes that the server takes of a body unless told otherwise.
        for (var i = 0; i < 40; i++)
        {
            await stream.RequestStream.WriteAsync(message, TestContext.Current.CancellationToken);
            Assert.True(await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            Assert.Equal(message.Length, stream.ResponseStream.Current.Length);
        }
    }

    [Fact]
    public async Task Calls_that_are_taken_back_at_once_neither_pile_up_nor_reach_services_beyond_the_limit()
    {
        await using var gateway = Start(("RateLimit:Calls", "100"), ("RateLimit:Burst", "100"));
        using var raw = await RawHttp2.ConnectAsync(gateway.GrpcAddress);
        var token = Tokens.Operator("olga-resets");
        var headers = RawHttp2.Call($"{Echo}Hang", token);
        using var other = new EchoClient(gateway.GrpcAddress, Tokens.Operator("olga-works"));
        try
        {
            for (var i = 0; i < 100; i++)
            {
                await raw.BeginAndResetAsync(200, headers);
                if (i % 10 == 0)
                    Assert.Equal("hello", await other.Unary());
            }
        }
        // Sent away, which is the better answer.
        catch (IOException) { }
        Assert.Equal("hello", await other.Unary());
        // A little comes in while it lasts.
        Assert.InRange(_echo.Calls.Count(c => c["authorization"] == $"Bearer {token}"), 0, 200);
    }

    [Fact]
    public async Task Headers_without_end_lose_their_connection()
    {
        await using var gateway = Start();
        using var raw = await RawHttp2.ConnectAsync(gateway.GrpcAddress);
        var stream = raw.NextStream();
        var flood = RawHttp2.Call($"{Echo}Echo", null, Enumerable.Range(0, 20).Select(i => ($"x-flood-{i}", new string('y', 500))));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var reading = raw.ReadToEndAsync(deadline.Token);
        try
        {
            await raw.SendAsync(RawHttp2.Frame.Headers, 0, stream, flood);
            for (var i = 0; i < 10_000 && !reading.IsCompleted; i++)
                await raw.SendAsync(RawHttp2.Frame.Continuation, 0, stream, flood);
        }
        catch (IOException) { }
        await reading;
        Assert.Empty(_echo.Calls);
        using var other = new EchoClient(gateway.GrpcAddress, Tokens.Operator());
        Assert.Equal("hello", await other.Unary());
    }

    [Theory]
    [InlineData("GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nX-Never: en", "")]
    [InlineData("POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer TOKEN\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", "BODY_TOO_SLOW")]
    public async Task Whoever_is_too_slow_to_say_what_he_wants_is_cut_off(string beginning, string reason)
    {
        await using var gateway = Start();
        var answer = await RawHttp1.AskAsync(gateway.HttpAddress, beginning.Replace("TOKEN", Tokens.Operator(), StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.Contains(reason, answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Limits:Calls", "0")]
    [InlineData("Limits:Streams", "-1")]
    [InlineData("Limits:ConnectionsPerAddress", "-1")]
    [InlineData("Cors:Origins:0", "*")]
    [InlineData("Cors:Origins:0", "https://console.example.org/")]
    public void Settings_that_make_no_sense_stop_the_gateway_from_starting(string name, string value) =>
        Assert.Contains(name.Split(":0")[0], Assert.ThrowsAny<Exception>(() => Start((name, value))).Message, StringComparison.Ordinal);

    private IServiceHost Start(params IEnumerable<(string Name, string Value)> more)
    {
        var settings = GatewayFixture.SettingsFor(_echo);
        foreach (var (name, value) in more)
            settings[name] = value;
        return GatewayFixture.Start(settings);
    }
}
