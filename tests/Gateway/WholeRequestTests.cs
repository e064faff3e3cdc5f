using AgentPlatform.Gateway;
using Grpc.Core;
using static AgentPlatform.Tests.Gateways.RawHttp2;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Unary calls, whose message the gateway hands on as a whole where it is short and all here: nobody may notice.</summary>
public sealed class WholeRequestTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private const string Session = "/agentplatform.session.v1.SessionService/";
    private const byte EndOfStream = 0x01;
    private const byte EndOfHeaders = 0x04;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(WholeRequestMiddleware.MaximumBytes - 6)]
    [InlineData(WholeRequestMiddleware.MaximumBytes - 5)]
    [InlineData(WholeRequestMiddleware.MaximumBytes - 4)]
    [InlineData(1_000_000)]
    public async Task A_message_of_any_length_comes_back_as_it_was(int length)
    {
        using var client = Client("long");
        var message = new string('x', length);
        var headers = new Metadata { { CorrelationId.Header, $"length-{length}" }, { "x-mine", "kept" } };
        Assert.Equal(message, await client.CallAsync($"{Session}GetSession", message, headers));

        var arrived = Assert.Single(fixture.Echo.Calls, c => c.GetValueOrDefault(CorrelationId.Header) == $"length-{length}");
        Assert.Equal("application/grpc", arrived["content-type"]);
        Assert.Equal("kept", arrived["x-mine"]);
    }

    [Fact]
    public async Task Many_at_once_are_not_mixed_up()
    {
        using var client = Client("many");
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => client.CallAsync($"{Session}GetSession", $"message {i}")));
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"message {i}"), answers);
    }

    [Fact]
    public async Task A_message_that_comes_in_pieces_goes_on()
    {
        using var raw = await ConnectAsync(fixture.Gateway.GrpcAddress);
        var stream = raw.NextStream();
        await raw.SendAsync(Frame.Headers, EndOfHeaders, stream, Call($"{Session}GetSession", Tokens.Agent("slow"), [(CorrelationId.Header, "in-pieces")]));
        // The service has the call before its message is whole.
        await Eventually.TrueAsync(() => Task.FromResult(fixture.Echo.Calls.Any(c => c.GetValueOrDefault(CorrelationId.Header) == "in-pieces")), "the call arrives");
        await raw.SendAsync(Frame.Data, 0, stream, [0, 0, 0, 0, 3]);
        await raw.SendAsync(Frame.Data, EndOfStream, stream, "abc"u8.ToArray());
        using var giveUp = new CancellationTokenSource(Patience);
        Assert.Equal([0, 0, 0, 0, 3, .. "abc"u8], await raw.ReadDataAsync(stream, giveUp.Token));
    }

    [Fact]
    public async Task A_message_that_breaks_off_is_no_instances_failure()
    {
        await using var first = await EchoService.StartAsync();
        await using var second = await EchoService.StartAsync();
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(first, second));
        using var raw = await ConnectAsync(gateway.GrpcAddress);
        // So many failures would take an instance out for a while.
        for (var i = 0; i < 40; i++)
        {
            var stream = raw.NextStream();
            await raw.SendAsync(Frame.Headers, EndOfHeaders, stream, Call($"{Session}GetSession", Tokens.Agent("torn")));
            await raw.SendAsync(Frame.Data, 0, stream, [0, 0, 0, 0, 3]);
            await raw.SendAsync(Frame.Reset, 0, stream, [0, 0, 0, 8]);
        }
        var token = Tokens.Agent("whole");
        using var client = new EchoClient(gateway.GrpcAddress, token);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => client.CallAsync($"{Session}GetSession", "still here")));
        foreach (var instance in new[] { first, second })
            Assert.Contains(instance.Calls, c => c["authorization"] == $"Bearer {token}");
    }

    [Fact]
    public async Task A_service_that_is_lost_within_its_answer_leaves_a_refusal_and_no_half_answer()
    {
        await using var echo = await EchoService.StartAsync();
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(echo));
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Agent("unlucky"));
        echo.Does = "Break";
        echo.BreakNow.SetResult();
        await Refusal.ExpectAsync(StatusCode.Unavailable, "SERVICE_CONNECTION_LOST", () => client.CallAsync($"{Session}GetSession", "half"));
        await Refusal.ExpectAsync(StatusCode.Aborted, "OUTCOME_UNKNOWN", () => client.CallAsync($"{Session}CreateSession", "half"));
        echo.Does = null;
        await Eventually.TrueAsync(async () => await client.CallAsync($"{Session}GetSession", "whole") == "whole", "the instance is used again");
    }

    [Fact]
    public async Task A_call_goes_to_another_instance_with_its_message()
    {
        var first = await EchoService.StartAsync();
        await using var second = await EchoService.StartAsync();
        await using var gateway = GatewayFixture.Start(GatewayFixture.SettingsFor(first, second));
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Agent("spread"));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => client.CallAsync($"{Session}CreateSession", "hello")));
        Assert.False(first.Calls.IsEmpty);
        await first.DisposeAsync();
        for (var i = 0; i < 40; i++)
            Assert.Equal($"hello {i}", await client.CallAsync($"{Session}CreateSession", $"hello {i}"));
    }

    private EchoClient Client(string agent) => new(fixture.Gateway.GrpcAddress, Tokens.Agent(agent));
}
