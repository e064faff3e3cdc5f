using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using AgentPlatform.Gateway;
using Microsoft.Extensions.DependencyInjection;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Connections, before anything is called on them.</summary>
public sealed class ConnectionTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();
    private readonly TestCertificate _certificate = new();
    private EchoService _echo = null!;

    public async ValueTask InitializeAsync() => _echo = await EchoService.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _certificate.Dispose();
        await _echo.DisposeAsync();
    }

    [Fact]
    public async Task Who_connects_and_does_not_say_what_he_wants_is_cut_off_while_a_stream_may_be_silent()
    {
        await using var gateway = Start();
        await using var secure = Start(("Tls:CertificatePath", _certificate.Path), ("Tls:KeyPath", _certificate.KeyPath));
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Agent("silent"));
        using var stream = client.Stream();
        await EchoedAsync("before");

        // Each would have more than two minutes from the server itself.
        await Task.WhenAll(
            IsCutOffAsync(gateway.GrpcAddress, []),
            IsCutOffAsync(gateway.GrpcAddress, Preface[..1]),
            IsCutOffAsync(gateway.GrpcAddress, Preface[..^1]),
            IsCutOffAsync(gateway.HttpAddress, []),
            IsCutOffAsync(secure.GrpcAddress, [], shakesHands: true),
            IsCutOffAsync(secure.GrpcAddress, Preface[..^1], shakesHands: true),
            IsCutOffAsync(secure.HttpAddress, []));
        await EchoedAsync("after");

        async Task EchoedAsync(string message)
        {
            await stream.RequestStream.WriteAsync(message, TestContext.Current.CancellationToken);
            Assert.True(await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            Assert.Equal(message, stream.ResponseStream.Current);
        }
    }

    [Fact]
    public async Task First_words_that_come_one_by_one_are_understood()
    {
        await using var gateway = Start();
        using var http1 = await ConnectAsync(gateway.HttpAddress);
        http1.NoDelay = true;
        foreach (var letter in "GET /alive HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray())
            await http1.GetStream().WriteAsync(new[] { letter }, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(http1.GetStream());
        Assert.Equal("HTTP/1.1 200 OK", await reader.ReadLineAsync(TestContext.Current.CancellationToken));

        using var http2 = await ConnectAsync(gateway.GrpcAddress);
        http2.NoDelay = true;
        foreach (var letter in Preface.Concat(RawHttp2.Bytes(RawHttp2.Frame.Settings, 0, 0, [])))
            await http2.GetStream().WriteAsync(new[] { letter }, TestContext.Current.CancellationToken);
        var answer = new byte[4];
        await http2.GetStream().ReadExactlyAsync(answer, TestContext.Current.CancellationToken);
        Assert.Equal((byte)RawHttp2.Frame.Settings, answer[3]);
    }

    [Fact]
    public async Task One_address_has_so_many_connections_and_others_have_theirs()
    {
        await using var gateway = Start(("Limits:ConnectionsPerAddress", "3"));
        using var metrics = new MetricBook(gateway.Services.GetRequiredService<IMeterFactory>(), "agentplatform.gateway.connections.");
        var open = new List<TcpClient>();
        try
        {
            // Of both ports together.
            foreach (var address in new[] { gateway.GrpcAddress, gateway.GrpcAddress, gateway.HttpAddress })
            {
                open.Add(await ConnectAsync(address));
                await GreetedAsync(open[^1], isHttp2: address == gateway.GrpcAddress);
            }
            Assert.True(await IsRefusedAsync(gateway.GrpcAddress));
            Assert.True(await IsRefusedAsync(gateway.HttpAddress));
            Assert.Equal(2, metrics.Read()["agentplatform.gateway.connections.refused"]);

            // All of 127.0.0.0/8 is this machine.
            open.Add(await ConnectAsync(gateway.GrpcAddress, from: "127.0.0.2"));
            await GreetedAsync(open[^1], isHttp2: true);

            open[0].Dispose();
            await Eventually.TrueAsync(async () => !await IsRefusedAsync(gateway.GrpcAddress), "there is room for one more");
        }
        finally
        {
            open.ForEach(c => c.Dispose());
        }
    }

    [Fact]
    public async Task Where_there_is_no_limit_of_an_address_there_is_none()
    {
        await using var gateway = Start(("Limits:ConnectionsPerAddress", "0"));
        var open = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ConnectAsync(gateway.GrpcAddress)));
        await Task.WhenAll(open.Select(c => GreetedAsync(c, isHttp2: true)));
        Array.ForEach(open, c => c.Dispose());
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8:1:2::1", "20010DB800010002")]
    [InlineData("2001:db8:1:2:ffff:ffff:ffff:ffff", "20010DB800010002")]
    public void A_network_of_IPv6_counts_as_one_address(string address, string counted) => Assert.Equal(counted, PeerAddress.Of(IPAddress.Parse(address)));

    private static async Task IsCutOffAsync(string address, byte[] words, bool shakesHands = false)
    {
        using var client = await ConnectAsync(address);
        await using var stream = shakesHands ? await TestCertificate.ShakeHandsAsync(client) : (Stream)client.GetStream();
        await stream.WriteAsync(words, TestContext.Current.CancellationToken);
        Assert.True(await IsClosedAsync(stream), $"{address} goes on after {words.Length} bytes.");
    }

    private static async Task<bool> IsRefusedAsync(string address)
    {
        using var client = await ConnectAsync(address);
        try { await GreetedAsync(client, isHttp2: true); }
        catch (IOException) { return true; }
        return false;
    }

    // A server that takes the connection answers.
    private static async Task GreetedAsync(TcpClient client, bool isHttp2)
    {
        using var deadline = new CancellationTokenSource(Patience);
        if (isHttp2)
            await client.GetStream().WriteAsync((byte[])[.. Preface, .. RawHttp2.Bytes(RawHttp2.Frame.Settings, 0, 0, [])], deadline.Token);
        else
            await client.GetStream().WriteAsync("GET /alive HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), deadline.Token);
        await client.GetStream().ReadExactlyAsync(new byte[9], deadline.Token);
    }

    // Whatever the server says at the end, such as a notice that TLS ends.
    private static async Task<bool> IsClosedAsync(Stream stream)
    {
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            while (await stream.ReadAsync(new byte[100], deadline.Token) > 0) { }
            return true;
        }
        catch (IOException) { return true; }
        catch (OperationCanceledException) { return false; }
    }

    private static async Task<TcpClient> ConnectAsync(string address, string from = "127.0.0.1")
    {
        var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        await client.ConnectAsync(IPAddress.Loopback, new Uri(address).Port, TestContext.Current.CancellationToken);
        return client;
    }

    private ServiceHost<EdgeMiddleware> Start(params IEnumerable<(string Name, string Value)> more)
    {
        var settings = GatewayFixture.SettingsFor(_echo);
        foreach (var (name, value) in more)
            settings[name] = value;
        return (ServiceHost<EdgeMiddleware>)GatewayFixture.Start(settings);
    }
}
