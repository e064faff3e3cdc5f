using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AgentPlatform.Contracts.Rpc;
using Grpc.Core;

namespace AgentPlatform.Tests.Gateways;

public sealed class RateLimitTests(TestServers servers) : IAsyncLifetime
{
    private EchoService _echo = null!;

    public async ValueTask InitializeAsync() => _echo = await EchoService.StartAsync();

    public ValueTask DisposeAsync() => _echo.DisposeAsync();

    [Fact]
    public async Task Two_gateways_together_admit_what_one_would()
    {
        await using var one = Start(calls: 60, burst: 40, servers.Redis);
        await using var other = Start(calls: 60, burst: 40, servers.Redis);
        var token = Tokens.Operator($"olga-{Guid.NewGuid():N}");
        using var first = new EchoClient(one.GrpcAddress, token);
        using var second = new EchoClient(other.GrpcAddress, token);
        // A budget that is there for somebody else is none of hers; and by then both gateways know where Redis is.
        foreach (var gateway in new[] { one, other })
            await EventuallySharesAsync(gateway);

        var began = Stopwatch.GetTimestamp();
        var callers = Enumerable.Range(0, 8).Select(i => CountAdmittedAsync(i % 2 == 0 ? first : second, calls: 40));
        var admitted = (await Task.WhenAll(callers)).Sum();

        // One comes in each second. What a gateway holds of a portion when nobody calls any more is lost to the other.
        Assert.InRange(admitted, 36, 41 + (int)Math.Ceiling(Stopwatch.GetElapsedTime(began).TotalSeconds));
    }

    [Fact]
    public async Task Without_Redis_each_gateway_counts_for_itself()
    {
        await using var gateway = Start(calls: 60, burst: 20, $"127.0.0.1:{LocalServerProcess.FreePort()}");
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Operator("olga-alone"));
        var began = Stopwatch.GetTimestamp();
        var admitted = await CountAdmittedAsync(client, calls: 60);
        Assert.InRange(admitted, 20, 21 + (int)Math.Ceiling(Stopwatch.GetElapsedTime(began).TotalSeconds));
    }

    [Fact]
    public async Task A_refusal_says_when_to_come_back_and_then_the_call_passes()
    {
        await using var gateway = Start(calls: 600, burst: 2, redis: "");
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Operator("olga-waits"));
        RpcException refused;
        do
            refused = await Assert.ThrowsAnyAsync<RpcException>(async () => { while (true) await client.Unary(); });
        while (refused.StatusCode != StatusCode.ResourceExhausted);

        var status = Contracts.Rpc.Status.Parser.ParseFrom(refused.Trailers.GetValueBytes(GrpcStatus.DetailsKey));
        var delay = status.Details.Single(d => d.Is(RetryInfo.Descriptor)).Unpack<RetryInfo>().RetryDelay.ToTimeSpan();
        Assert.InRange(delay, TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(100));
        Assert.InRange(int.Parse(refused.Trailers.GetValue("grpc-retry-pushback-ms")!), 1, 100);
        Assert.Equal("RATE_LIMITED", Refusal.From(refused).Reason);
        Assert.Equal("\"calls\";q=600;w=60", refused.Trailers.GetValue("ratelimit-policy"));
        await Eventually.TrueAsync(() => AdmittedAsync(client), "a token has come in");
    }

    [Fact]
    public async Task Callers_do_not_take_from_each_other()
    {
        await using var gateway = Start(calls: 1, burst: 1, redis: "");
        using var one = new EchoClient(gateway.GrpcAddress, Tokens.Operator("olga-1"));
        using var other = new EchoClient(gateway.GrpcAddress, Tokens.Operator("olga-2"));
        Assert.True(await AdmittedAsync(one));
        Assert.False(await AdmittedAsync(one));
        Assert.True(await AdmittedAsync(other));
    }

    [Fact]
    public async Task Whoever_tries_many_bad_tokens_is_sent_away_and_who_was_known_is_not()
    {
        await using var gateway = Start(calls: 1_000_000, burst: 1_000_000, redis: "", strangers: 10);
        using var known = new EchoClient(gateway.GrpcAddress, Tokens.Operator("olga-known"));
        await known.Unary();
        using var stranger = new EchoClient(gateway.GrpcAddress, "not.a.token");
        var codes = new List<StatusCode>();
        for (var i = 0; i < 40; i++)
            codes.Add((await Assert.ThrowsAsync<RpcException>(async () => await stranger.Unary())).StatusCode);

        Assert.All(codes.Take(10), c => Assert.Equal(StatusCode.Unauthenticated, c));
        Assert.Contains(StatusCode.ResourceExhausted, codes);
        await known.Unary();
    }

    [Fact]
    public async Task Settings_that_make_no_sense_stop_the_gateway_from_starting()
    {
        foreach (var (name, value) in new[] { ("Calls", "-1"), ("Burst", "0"), ("ReadCost", "0"), ("Machine", "2000000000") })
        {
            var settings = GatewayFixture.SettingsFor(_echo);
            settings[$"RateLimit:{name}"] = value;
            var failure = Assert.ThrowsAny<Exception>(() => GatewayFixture.Start(settings));
            Assert.Contains($"RateLimit:{name}", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task REST_callers_read_their_budget_in_headers()
    {
        await using var platform = new Platform(servers);
        await platform.InitializeAsync();
        platform.Settings["gateway"] = new() { ["RateLimit:Calls"] = "60", ["RateLimit:Burst"] = "2" };
        using var http = new HttpClient { BaseAddress = new Uri((await platform.StartAsync("gateway")).HttpAddress) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Tokens.Operator($"olga-{Guid.NewGuid():N}"));

        using var first = await PostAsync(http);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal("\"calls\";q=60;w=60", Assert.Single(first.Headers.GetValues("RateLimit-Policy")));
        Assert.Matches("^\"calls\";r=1;t=[12]$", Assert.Single(first.Headers.GetValues("RateLimit")));

        HttpResponseMessage answer;
        do
            answer = await PostAsync(http);
        while (answer.StatusCode == HttpStatusCode.OK);
        using (answer)
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter?.Delta);
            Assert.StartsWith("\"calls\";r=0;", Assert.Single(answer.Headers.GetValues("RateLimit")), StringComparison.Ordinal);
            Assert.Contains("RATE_LIMITED", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient http) =>
        http.PostAsync(new Uri("/v1/sessions", UriKind.Relative), new StringContent("""{"role":"finance","task":"t"}""", Encoding.UTF8, "application/json"));

    private IServiceHost Start(int calls, int burst, string redis, int strangers = 1_000_000)
    {
        var settings = GatewayFixture.SettingsFor(_echo);
        settings["ConnectionStrings:redis"] = redis;
        (settings["RateLimit:Calls"], settings["RateLimit:Burst"], settings["RateLimit:Strangers"]) = ($"{calls}", $"{burst}", $"{strangers}");
        return GatewayFixture.Start(settings);
    }

    // It connects beside its start: as long as it counts for itself, nothing of what it admits is in Redis.
    private async Task EventuallySharesAsync(IServiceHost gateway)
    {
        var subject = $"probe-{Guid.NewGuid():N}";
        using var probe = new EchoClient(gateway.GrpcAddress, Tokens.Operator(subject));
        await Eventually.TrueAsync(async () =>
        {
            await probe.Unary();
            return (await RedisText.AskAsync(servers.Redis, $"EXISTS gateway:rate:user:{subject}")).StartsWith(":1", StringComparison.Ordinal);
        }, "the gateway shares its counts");
    }

    private static async Task<int> CountAdmittedAsync(EchoClient client, int calls)
    {
        var admitted = 0;
        for (var i = 0; i < calls; i++)
            admitted += await AdmittedAsync(client) ? 1 : 0;
        return admitted;
    }

    private static async Task<bool> AdmittedAsync(EchoClient client)
    {
        try
        {
            await client.Unary();
            return true;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted) { return false; }
    }
}
