using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

/// <summary>What the framework itself refuses, before any code of a service runs: it has our reasons all the same.</summary>
public sealed class FramingTests(Platform platform) : IClassFixture<Platform>
{
    private const string Create = "/agentplatform.session.v1.SessionService/CreateSession";

    [Fact]
    public async Task Bytes_that_are_no_message_are_malformed()
    {
        var raw = await RawAsync();
        foreach (var bytes in new byte[][] { [0xff, 0xff, 0xff], [0x0a, 0x7f, 0x01], [.. Enumerable.Repeat((byte)0x22, 300)] })
            await Refusal.ExpectAsync(StatusCode.InvalidArgument, "MALFORMED_MESSAGE", () => raw.CallAsync(Create, MethodType.Unary, bytes));
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused()
    {
        var raw = await RawAsync();
        var bytes = new CreateSessionRequest { Role = "r", Task = new string('x', MessageLimits.ReceiveBytes + 1) }.ToByteArray();
        await Refusal.ExpectAsync(StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE", () => raw.CallAsync(Create, MethodType.Unary, bytes));
    }

    [Theory]
    [InlineData("AgentLinkService/Connect")]
    [InlineData("TelemetryService/StreamTelemetry")]
    public async Task Within_a_stream_it_is_the_same(string method)
    {
        // No message, one that is cut short, one that is compressed by nobody knows what, and one over the limit.
        foreach (var (bytes, code, reason) in new (byte[], StatusCode, string)[]
        {
            ([0, 0, 0, 0, 3, 0xff, 0xff, 0xff], StatusCode.InvalidArgument, "MALFORMED_MESSAGE"),
            ([0, 0, 0, 0, 9, 0x0a], StatusCode.InvalidArgument, "MALFORMED_MESSAGE"),
            ([1, 0, 0, 0, 2, 0x0a, 0], StatusCode.InvalidArgument, "MALFORMED_MESSAGE"),
            ([7, 0, 0, 0, 2, 0x0a, 0], StatusCode.InvalidArgument, "MALFORMED_MESSAGE"),
            ([0, 0x7f, 0, 0, 0, 0x0a], StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE"),
        })
        {
            using var http = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{(await platform.StartAsync("registry")).GrpcAddress}/agentplatform.registry.v1.{method}")
            {
                Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(bytes),
            };
            request.Content.Headers.ContentType = new("application/grpc");
            request.Headers.TryAddWithoutValidation("te", "trailers");
            request.Headers.TryAddWithoutValidation("authorization", $"Bearer {Tokens.Agent("framer")}");
            using var response = await http.SendAsync(request);
            await response.Content.ReadAsByteArrayAsync();
            var said = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
            Assert.Equal($"{(int)code}", said.GetValues("grpc-status").Single());
            Assert.Contains(reason, System.Text.Encoding.Latin1.GetString(Convert.FromBase64String(Padded(said.GetValues(GrpcStatus.DetailsKey).Single()))), StringComparison.Ordinal);
        }

        static string Padded(string base64) => base64.PadRight((base64.Length + 3) / 4 * 4, '=');
    }

    [Theory]
    [InlineData("/agentplatform.session.v1.SessionService/DropAllSessions")]
    [InlineData("/agentplatform.nothing.v1.Nothing/Do")]
    public async Task A_method_that_is_not_there_is_unimplemented(string method)
    {
        var raw = await RawAsync();
        await Refusal.ExpectAsync(StatusCode.Unimplemented, "METHOD_NOT_FOUND", () => raw.CallAsync(method, MethodType.Unary, []));
    }

    [Fact]
    public async Task A_deadline_in_the_past_is_exceeded_and_nothing_is_changed()
    {
        var client = await platform.ClientAsync<Client>(Tokens.Agent("late"));
        var late = await Assert.ThrowsAsync<RpcException>(async () =>
            await client.CreateSessionAsync(new CreateSessionRequest { Role = "r" }, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-1)));
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);

        // A client library refuses that by itself; another sender may not, and says it on the wire.
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, (await platform.StartAsync("session")).GrpcAddress + Create)
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, 3, 0x0a, 0x01, (byte)'r']),
        };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("grpc-timeout", "1n");
        request.Headers.TryAddWithoutValidation("authorization", $"Bearer {Tokens.Agent("late")}");
        using var response = await http.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        var status = response.Headers.TryGetValues("grpc-status", out var inHeaders) ? inHeaders : response.TrailingHeaders.GetValues("grpc-status");
        Assert.Equal(((int)StatusCode.DeadlineExceeded).ToString(), status.Single());

        Assert.Empty((await client.ListSessionsAsync(new ListSessionsRequest())).Sessions);
    }

    [Fact]
    public async Task Deeply_nested_metadata_is_malformed()
    {
        // 0x22 = field 4 (metadata); Struct and Value nest in turn by fields 1 and 5.
        byte[] bytes = [];
        for (var i = 0; i < 200; i++)
            bytes = [0x0a, .. Length([0x0a, 0, 0x12, .. Length([0x2a, .. Length(bytes)])])];
        var raw = await RawAsync();
        await Refusal.ExpectAsync(StatusCode.InvalidArgument, "MALFORMED_MESSAGE", () => raw.CallAsync(Create, MethodType.Unary, [0x0a, 1, (byte)'r', 0x22, .. Length(bytes)]));
    }

    private async Task<RawClient> RawAsync() => platform.Client<RawClient>((await platform.StartAsync("session")).GrpcAddress, Tokens.Agent("framer"));

    private static byte[] Length(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
            output.WriteBytes(ByteString.CopyFrom(bytes));
        return stream.ToArray();
    }
}
