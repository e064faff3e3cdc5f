using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Cli;

namespace AgentPlatform.Bench.Gateway;

/// <summary>
/// Proves, before anything is measured, that a proxy which is said to look at tokens and to count calls does so. It is configured as the one that is measured, but with a limit that can be
/// reached.
/// </summary>
public sealed class CheckProof : IDisposable
{
    private const int CallsPerMinute = 20;
    private const HttpStatusCode Passed = HttpStatusCode.UnsupportedMediaType;
    private static readonly TimeSpan ShortLifetime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ExpiryTimeout = TimeSpan.FromSeconds(10);

    private readonly string _name;
    private readonly HttpClient _http;

    private CheckProof(string name, string address) =>
        (_name, _http) = (name, new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(address) });

    /// <summary>Tries it; fails when it lets pass what it must refuse, or refuses what it must let pass.</summary>
    public static async Task RunAsync(PeerKind kind, BenchPlatform platform, int servicePort)
    {
        await using var proxy = await PeerProxy.StartAsync(kind, servicePort, platform.PublicKey, CallsPerMinute);
        using var proof = new CheckProof(kind.Name, proxy.Address);
        await proof.TryTokensAsync(platform);
        await proof.TryExpiryAsync(platform);
        await proof.TryCountAsync(platform);
    }

    public void Dispose() => _http.Dispose();

    private async Task TryTokensAsync(BenchPlatform platform)
    {
        using var foreign = DevelopmentKey.Create();
        var (good, other) = (platform.OperatorToken("proof"), platform.OperatorToken("proof-other"));
        var (parts, others) = (good.Split('.'), other.Split('.'));
        // The one that is good in between, so that what is remembered of it helps no other.
        await ExpectAsync(Passed, "a good token", good);
        await ExpectAsync(HttpStatusCode.Unauthorized, "no token", null);
        await ExpectAsync(HttpStatusCode.Unauthorized, "another's claims under its signature", $"{parts[0]}.{others[1]}.{parts[2]}");
        await ExpectAsync(HttpStatusCode.Unauthorized, "another's signature", $"{parts[0]}.{parts[1]}.{others[2]}");
        await ExpectAsync(HttpStatusCode.Unauthorized, "no signature", $"{parts[0]}.{parts[1]}.");
        await ExpectAsync(HttpStatusCode.Unauthorized, "the algorithm none", $"{Convert.ToBase64String(Encoding.ASCII.GetBytes("""{"alg":"none"}""")).TrimEnd('=')}.{parts[1]}.");
        await ExpectAsync(HttpStatusCode.Unauthorized, "another issuer's key", foreign.Mint("user:proof", ["operator"], null, ShortLifetime, TimeProvider.System));
        await ExpectAsync(Passed, "the good token again", good);
    }

    private async Task TryExpiryAsync(BenchPlatform platform)
    {
        var brief = platform.OperatorToken("proof-brief", ShortLifetime);
        await ExpectAsync(Passed, "a token that is good for a moment", brief);
        await Waiting.UntilAsync(async () => await CallAsync(brief) == HttpStatusCode.Unauthorized, $"{_name} refuses a token that has expired", ExpiryTimeout);
    }

    // By their subject: callers are the same whichever of their tokens they send.
    private async Task TryCountAsync(BenchPlatform platform)
    {
        string[] tokens = [platform.OperatorToken("proof-count"), platform.OperatorToken("proof-count")];
        for (var call = 0; call < CallsPerMinute; call++)
            await ExpectAsync(Passed, $"call {call + 1} of {CallsPerMinute}", tokens[call % tokens.Length]);
        foreach (var token in tokens)
            await ExpectAsync(HttpStatusCode.TooManyRequests, "a call too many", token);
        await ExpectAsync(Passed, "another caller's first call", platform.OperatorToken("proof-calm"));
    }

    private async Task ExpectAsync(HttpStatusCode expected, string what, string? token)
    {
        var status = await CallAsync(token);
        if (status != expected)
            throw new CliException($"{_name} answered {(int)status} instead of {(int)expected} to {what}; what it would be compared with, it does not do");
    }

    // Without a body, since haproxy resets the stream of one that it refuses before its body is there. What passes is no gRPC then, which the service says, and nobody else.
    private async Task<HttpStatusCode> CallAsync(string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/agentplatform.session.v1.SessionService/GetSession")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await _http.SendAsync(request);
        return response.StatusCode;
    }
}
