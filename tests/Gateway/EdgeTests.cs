using System.Net;
using System.Net.Http.Headers;
using AgentPlatform.Cli;
using AgentPlatform.Gateway;
using Grpc.Core;

namespace AgentPlatform.Tests.Gateways;

public sealed class EdgeTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private static readonly TimeProvider LongAgo = new PastClock();

    private sealed class PastClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - TimeSpan.FromHours(2);
    }

    public static TheoryData<string, string?> BadTokens => new()
    {
        { "TOKEN_MISSING", null },
        { "TOKEN_INVALID", "not.a.token" },
        { "TOKEN_EXPIRED", Tokens.Key.Mint("user:late", ["operator"], null, TimeSpan.FromHours(1), LongAgo) },
        { "TOKEN_NOT_TRUSTED", DevelopmentKey.Create().Mint("user:forger", ["operator"], null, TimeSpan.FromHours(1), TimeProvider.System) },
        { "ROLES_CONFLICT", Tokens.Key.Mint("agent:both", ["agent", "superuser"], "both", TimeSpan.FromHours(1), TimeProvider.System) },
        { "AGENT_ID_MISSING", Tokens.Key.Mint("agent:nobody", ["agent"], null, TimeSpan.FromHours(1), TimeProvider.System) },
    };

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_call_without_a_good_token_never_reaches_a_service(string reason, string? token)
    {
        using var client = new EchoClient(fixture.Gateway.GrpcAddress, token);
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, reason, async () => await client.Unary(reason));
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, reason, async () => await client.Stream(reason).ResponseStream.MoveNext());
        Assert.DoesNotContain(fixture.Echo.Calls, c => c.GetValueOrDefault("authorization") == $"Bearer {token}" || !c.ContainsKey("authorization"));
    }

    [Fact]
    public async Task Of_a_stranger_no_body_is_waited_for()
    {
        // Who waited for the body would say BODY_TOO_SLOW in the end.
        foreach (var path in new[] { "/v1/sessions", "/mcp" })
        {
            var answer = await RawHttp1.AskAsync(fixture.Gateway.HttpAddress,
                $"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer not.a.token\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n", until: "TOKEN_");
            Assert.StartsWith("HTTP/1.1 401", answer, StringComparison.Ordinal);
            Assert.Contains("TOKEN_INVALID", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_calls_too_often_is_told_before_his_body_is_waited_for()
    {
        var settings = GatewayFixture.SettingsFor(fixture.Echo);
        (settings["RateLimit:Calls"], settings["RateLimit:Burst"]) = ("1", "1");
        await using var gateway = GatewayFixture.Start(settings);
        var head = $"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {Tokens.Operator("olga-in-haste")}\r\nContent-Type: application/json\r\nContent-Length: ";
        // What cannot be read counts as well.
        var first = await RawHttp1.AskAsync(gateway.HttpAddress, $"{head}1\r\n\r\n{{", until: "\"reason\"");
        Assert.StartsWith("HTTP/1.1 400", first, StringComparison.Ordinal);
        Assert.Contains("RateLimit: \"calls\";r=0", first, StringComparison.Ordinal);
        var second = await RawHttp1.AskAsync(gateway.HttpAddress, $"{head}4000000\r\n\r\n", until: "\"reason\"");
        Assert.StartsWith("HTTP/1.1 429", second, StringComparison.Ordinal);
        Assert.DoesNotContain("grpc-", second, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("agentplatform.nothing.v1")]
    [InlineData("agentplatform.registry.v2")]
    [InlineData("agentplatform.registry")]
    [InlineData("other")]
    public async Task A_package_that_the_platform_has_not_is_unimplemented(string package)
    {
        foreach (var token in new[] { null, Tokens.Operator() })
        {
            using var client = new EchoClient(fixture.Gateway.GrpcAddress, token);
            await Refusal.ExpectAsync(StatusCode.Unimplemented, "METHOD_NOT_FOUND", async () => await client.Unary(package: package));
        }
    }

    [Fact]
    public async Task What_is_not_gRPC_is_not_forwarded()
    {
        using var http = new HttpClient { DefaultRequestHeaders = { { "authorization", $"Bearer {Tokens.Operator()}" } } };
        var method = "/agentplatform.registry.v1.EchoService/NotGrpc";

        using var json = await http.PostAsync(fixture.Gateway.HttpAddress + method, new StringContent("{}", new MediaTypeHeaderValue("application/json")));
        Assert.Equal(HttpStatusCode.NotFound, json.StatusCode);
        using var oldHttp = await http.PostAsync(fixture.Gateway.HttpAddress + method, new StringContent("", new MediaTypeHeaderValue("application/grpc")));
        Assert.Equal(HttpStatusCode.UpgradeRequired, oldHttp.StatusCode);
        using var get = await http.GetAsync(fixture.Gateway.HttpAddress + method);
        Assert.Equal(HttpStatusCode.NotFound, get.StatusCode);
    }

    [Fact]
    public async Task The_caller_s_correlation_id_goes_to_the_service_and_back_once()
    {
        using var client = new EchoClient(fixture.Gateway.GrpcAddress, Tokens.Operator());
        using var call = client.Unary("Correlated", headers: new Metadata { { CorrelationId.Header, "my-call-1" } });
        await call;

        Assert.Equal(["my-call-1"], (await call.ResponseHeadersAsync).Where(h => h.Key == CorrelationId.Header).Select(h => h.Value));
        Assert.Contains(fixture.Echo.Calls, c => c.GetValueOrDefault(CorrelationId.Header) == "my-call-1");
    }

    [Fact]
    public async Task A_correlation_id_is_made_when_there_is_none_and_on_refusals_too()
    {
        using var client = new EchoClient(fixture.Gateway.GrpcAddress, Tokens.Operator());
        using var call = client.Unary();
        await call;
        var made = Assert.Single(await call.ResponseHeadersAsync, h => h.Key == CorrelationId.Header).Value;
        Assert.Contains(fixture.Echo.Calls, c => c[CorrelationId.Header] == made);
        Assert.Equal(7, Guid.Parse(made).Version);

        using var stranger = new EchoClient(fixture.Gateway.GrpcAddress, token: null);
        using var refused = stranger.Unary();
        var answer = await Assert.ThrowsAsync<RpcException>(async () => await refused);
        Assert.Single(answer.Trailers, h => h.Key == CorrelationId.Header);
    }

    [Fact]
    public async Task A_call_stays_in_its_callers_trace_by_a_span_of_the_gateway()
    {
        const string Trace = "0af7651916cd43dd8448eb211c80319c", Span = "b7ad6b7169203331";
        using var client = new EchoClient(fixture.Gateway.GrpcAddress, Tokens.Operator());
        using var call = client.Unary(headers: new Metadata { { CorrelationId.Header, "traced" }, { "traceparent", $"00-{Trace}-{Span}-01" } });
        await call;

        var arrived = Assert.Single(fixture.Echo.Calls, c => c[CorrelationId.Header] == "traced")["traceparent"].Split('-');
        Assert.Equal(Trace, arrived[1]);
        Assert.NotEqual(Span, arrived[2]);
    }

    [Fact]
    public async Task A_service_hears_from_the_gateway_alone_where_a_call_came_from()
    {
        using var client = new EchoClient(fixture.Gateway.GrpcAddress, Tokens.Operator());
        using var call = client.Unary(headers: new Metadata
        {
            { CorrelationId.Header, "elsewhere" }, { "x-forwarded-for", "203.0.113.9" }, { "x-forwarded-host", "evil.example" }, { "x-forwarded-proto", "gopher" },
        });
        await call;

        var arrived = Assert.Single(fixture.Echo.Calls, c => c[CorrelationId.Header] == "elsewhere");
        Assert.Equal("127.0.0.1", arrived["x-forwarded-for"]);
        Assert.DoesNotContain(arrived, h => h.Value is "evil.example" or "gopher");
    }

    [Fact]
    public void Every_package_of_the_contracts_has_a_route()
    {
        var packages = new AccessRules().All.Keys.Where(m => m.StartsWith("/agentplatform.", StringComparison.Ordinal)).Select(m => m.Split('.')[1]).Distinct();
        Assert.Equal(packages.Order(), GatewayRoutes.Services.Append("operations").Order());
    }

    [Fact]
    public void A_gateway_that_is_not_told_where_a_service_is_does_not_start()
    {
        var settings = GatewayFixture.SettingsFor(fixture.Echo);
        settings.Remove("services:vault:grpc:0");
        var failure = Assert.ThrowsAny<Exception>(() => GatewayFixture.Start(settings));
        Assert.Contains("services__vault__grpc__0", failure.Message, StringComparison.Ordinal);
    }
}
