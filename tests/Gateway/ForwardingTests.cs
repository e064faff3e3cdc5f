using System.Globalization;
using Grpc.Core;

namespace AgentPlatform.Tests.Gateways;

public sealed class ForwardingTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_stream_carries_messages_both_ways_while_it_is_open()
    {
        using var client = Client();
        using var stream = client.Stream();
        for (var i = 0; i < 20; i++)
        {
            var text = i.ToString(CultureInfo.InvariantCulture);
            await stream.RequestStream.WriteAsync(text);
            Assert.True(await stream.ResponseStream.MoveNext());
            Assert.Equal(text, stream.ResponseStream.Current);
        }
        await stream.RequestStream.CompleteAsync();
        Assert.False(await stream.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, stream.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Three_hundred_open_streams_share_one_connection()
    {
        using var client = new EchoClient(fixture.Gateway.GrpcAddress, Tokens.Agent("many"), new SocketsHttpHandler { EnableMultipleHttp2Connections = false });
        using var giveUp = new CancellationTokenSource(Patience);
        var streams = Enumerable.Range(0, 300).Select(_ => client.Stream(cancellation: giveUp.Token)).ToList();
        foreach (var stream in streams)
            await stream.RequestStream.WriteAsync("x");
        foreach (var stream in streams)
            Assert.True(await stream.ResponseStream.MoveNext());
        foreach (var stream in streams)
            stream.Dispose();
    }

    [Fact]
    public async Task A_call_that_its_caller_gives_up_is_given_up_in_the_service()
    {
        await using var echo = await EchoService.StartAsync();
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(echo));
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Agent("quitter"));
        using var cancellation = new CancellationTokenSource();
        using var call = client.Unary("Hang", cancellation: cancellation.Token);
        await Eventually.TrueAsync(() => Task.FromResult(!echo.Calls.IsEmpty), "the call arrives");

        await cancellation.CancelAsync();

        await echo.GivenUp.Task.WaitAsync(Patience);
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    [Fact]
    public async Task A_deadline_goes_to_the_service_and_ends_the_call()
    {
        using var client = Client();
        using var call = client.Unary("Hang", headers: new Metadata { { CorrelationId.Header, "deadline" } }, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2));
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);

        var arrived = Assert.Single(fixture.Echo.Calls, c => c.GetValueOrDefault(CorrelationId.Header) == "deadline");
        Assert.Matches("^[0-9]+[Smun]$", arrived["grpc-timeout"]);
    }

    [Fact]
    public async Task A_service_that_is_down_is_unavailable_and_back_at_once_when_it_is_up()
    {
        var echo = await EchoService.StartAsync();
        var port = new Uri(echo.GrpcAddress).Port;
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(echo));
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Agent("patient"));
        Assert.Equal("hello", await client.Unary());

        await echo.DisposeAsync();
        // More than the failures after which an instance is left out.
        for (var i = 0; i < 10; i++)
            await Refusal.ExpectAsync(StatusCode.Unavailable, "SERVICE_UNAVAILABLE", async () => await client.Unary());
        await Refusal.ExpectAsync(StatusCode.Unavailable, "SERVICE_UNAVAILABLE", async () => await client.Stream().ResponseStream.MoveNext());

        await using var again = await EchoService.StartAsync(port);
        await Eventually.TrueAsync(async () => await client.Unary() == "hello", "the service is used again", within: TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_connection_that_breaks_before_the_answer_leaves_the_effect_unknown()
    {
        using var client = Client();
        // A client that repeats what is UNAVAILABLE must not do a thing twice.
        await Refusal.ExpectAsync(StatusCode.Aborted, "OUTCOME_UNKNOWN", async () => await client.Unary("BreakUnanswered"));
        var key = new Metadata { { IdempotencyInterceptor.KeyHeader, "once" } };
        await Refusal.ExpectAsync(StatusCode.Unavailable, "SERVICE_CONNECTION_LOST", async () => await client.Unary("BreakUnanswered", headers: key));
    }

    [Fact]
    public async Task A_stream_whose_service_is_lost_ends_with_a_status_after_what_had_arrived()
    {
        await using var echo = await EchoService.StartAsync();
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(echo));
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Agent("watcher"));
        using var stream = client.Stream("Break");
        await stream.RequestStream.WriteAsync("first");
        Assert.True(await stream.ResponseStream.MoveNext());
        Assert.Equal("first", stream.ResponseStream.Current);

        echo.BreakNow.SetResult();

        await Refusal.ExpectAsync(StatusCode.Aborted, "OUTCOME_UNKNOWN", async () => await stream.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task Calls_are_shared_among_instances_and_go_round_one_that_died()
    {
        var first = await EchoService.StartAsync();
        await using var second = await EchoService.StartAsync();
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(first, second));
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Agent("spread"));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ => await client.Unary()));
        Assert.False(first.Calls.IsEmpty);
        Assert.False(second.Calls.IsEmpty);

        await first.DisposeAsync();
        // Without a key, and without one that fails: what could not be connected had no effect and goes to the other.
        for (var i = 0; i < 40; i++)
            Assert.Equal("hello", await client.Unary());
        using var stream = client.Stream();
        await stream.RequestStream.WriteAsync("still");
        Assert.True(await stream.ResponseStream.MoveNext());
        Assert.Equal("still", stream.ResponseStream.Current);
    }

    private EchoClient Client() => new(fixture.Gateway.GrpcAddress, Tokens.Agent("caller"));
}
