using System.Text;
using static AgentPlatform.Tests.Gateways.RawHttp2;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Frames that cost their sender nothing, in great numbers. Kestrel's own limits stand against them; these tests hold it to that.</summary>
public sealed class FloodTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    // What the sockets' and the server's own buffers hold is some ten MB; whatever is taken beyond it is kept somewhere, or answered.
    private const int FloodBytes = 64 * 1024 * 1024;
    private const int SmallFloodBytes = 4 * 1024 * 1024;
    private const long GrowthBytes = 64 * 1024 * 1024;
    private const byte EndOfHeaders = 0x04;
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task What_must_be_answered_is_taken_no_faster_than_its_answers_are_read()
    {
        byte[][] floods = [Bytes(Frame.Ping, 0, 0, new byte[8]), Bytes(Frame.Settings, 0, 0, []), Bytes(Frame.Settings, 0, 0, [0, 4, 0, 1, 0, 0])];
        var ends = FloodedAsync(floods, FloodBytes);
        await OthersGoOnUntilAsync(ends);
        Assert.DoesNotContain(End.Taken, await ends);
    }

    [Fact]
    public async Task What_says_nothing_is_forgotten_at_once_or_ends_its_connection()
    {
        byte[][] floods =
        [
            Bytes(Frame.Priority, 0, 1, [0, 0, 0, 0, 1]), Bytes(Frame.WindowUpdate, 0, 0, [0, 0, 0, 1]), Bytes(Frame.Unknown, 0xff, 0, [1]),
            Bytes(Frame.Data, 0, 1, []), Bytes(Frame.Reset, 0, 1, [0, 0, 0, 8]), Bytes(Frame.Ping, 1, 0, new byte[8]), Bytes(Frame.Settings, 1, 0, []),
        ];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var ends = FloodedAsync(floods, SmallFloodBytes);
        await OthersGoOnUntilAsync(ends);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < GrowthBytes, $"{grown:N0} bytes more after {string.Join(", ", await ends)}");
    }

    [Fact]
    public async Task Headers_that_unfold_into_very_many_are_not_unfolded()
    {
        using var raw = await ConnectAsync(fixture.Gateway.GrpcAddress);
        // RFC 7541: a literal that is put in the table, and then that entry again and again, a byte each time.
        var bomb = new List<byte>(Call("/agentplatform.registry.v1.EchoService/Bomb", Tokens.Operator()));
        bomb.AddRange([0x40, 1, (byte)'x', 127, 0xa1, 0x1e, .. Encoding.ASCII.GetBytes(new string('y', 4000))]);
        bomb.AddRange(Enumerable.Repeat((byte)0xbe, 10_000));
        await raw.SendAsync(Frame.Headers, EndOfHeaders, raw.NextStream(), [.. bomb]);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.NotEqual(0, await raw.ReadToEndAsync(deadline.Token));
        Assert.DoesNotContain(fixture.Echo.Calls, c => c.ContainsKey("x"));
        await OthersGoOnUntilAsync(Task.CompletedTask);
    }

    [Fact]
    public async Task Headers_that_go_on_without_saying_anything_lose_their_connection()
    {
        using var raw = await ConnectAsync(fixture.Gateway.GrpcAddress);
        var stream = raw.NextStream();
        await raw.SendAsync(Frame.Headers, 0, stream, []);
        var ends = EmptyAsync();
        await OthersGoOnUntilAsync(ends);
        Assert.Equal(End.Closed, await ends);

        // By the time within which headers must have come, at the latest.
        async Task<End> EmptyAsync()
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var reading = raw.ReadToEndAsync(deadline.Token);
            End end;
            do
            {
                end = await raw.FloodAsync(Bytes(Frame.Continuation, 0, stream, []), 1024 * 1024, Stall);
                await Task.WhenAny(reading, Task.Delay(TimeSpan.FromMilliseconds(100), deadline.Token));
            }
            while (end == End.Taken && !reading.IsCompleted);
            await reading;
            return End.Closed;
        }
    }

    private async Task<End[]> FloodedAsync(byte[][] frames, int bytes)
    {
        var floods = frames.Select(async frame =>
        {
            using var raw = await ConnectAsync(fixture.Gateway.GrpcAddress);
            // Most need a stream that is open; its call hangs at the service.
            await raw.SendAsync(Frame.Headers, EndOfHeaders, raw.NextStream(), Call("/agentplatform.registry.v1.EchoService/Hang", Tokens.Operator()));
            return await raw.FloodAsync(frame, bytes, Stall);
        });
        return await Task.WhenAll(floods);
    }

    private async Task OthersGoOnUntilAsync(Task end)
    {
        using var other = new EchoClient(fixture.Gateway.GrpcAddress, Tokens.Operator("olga-works"));
        do
            Assert.Equal("hello", await other.Unary());
        while (!end.IsCompleted);
    }
}
