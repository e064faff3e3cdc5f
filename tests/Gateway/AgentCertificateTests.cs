using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using AgentPlatform.Cli.Certificates;
using Grpc.Core;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Mutual TLS: whose connection it is, and whose token.</summary>
public sealed class AgentCertificateTests : IAsyncLifetime
{
    private const string TrustDomain = "agentplatform";
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("agentplatform-test-mtls-").FullName;
    private EchoService _echo = null!;
    private CertificateAuthority _authority = null!;
    private IServiceHost? _gateway;

    public async ValueTask InitializeAsync()
    {
        _echo = await EchoService.StartAsync();
        _authority = CertificateAuthority.Create(In("authority.pem"), In("authority-key.pem"), TimeProvider.System);
        SignServer();
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
            await _gateway.DisposeAsync();
        await _echo.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Over_an_agent_s_certificate_only_that_agent_calls()
    {
        Start();
        var certificate = Sign("revenue_v1");
        using (var own = Client(certificate, Tokens.Agent("revenue_v1")))
            Assert.Equal("hello", await own.Unary());
        foreach (var token in new[] { Tokens.Agent("revenue_v2"), Tokens.Agent("revenue_v"), Tokens.Operator(), Tokens.Service("session") })
        {
            using var other = Client(certificate, token);
            await Refusal.ExpectAsync(StatusCode.Unauthenticated, "CERTIFICATE_NOT_YOURS", async () => await other.Unary());
            await Refusal.ExpectAsync(StatusCode.Unauthenticated, "CERTIFICATE_NOT_YOURS", async () => await other.Stream().ResponseStream.MoveNext());
        }
        using var nobody = Client(certificate, token: null);
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, "TOKEN_MISSING", async () => await nobody.Unary());
        Assert.DoesNotContain(_echo.Calls, c => c.GetValueOrDefault("authorization") != $"Bearer {Tokens.Agent("revenue_v1")}" && c["authorization"].Contains(Tokens.Operator(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Certificates_are_optional_until_a_setting_asks_agents_for_them()
    {
        Start();
        using (var agent = Client(null, Tokens.Agent("revenue_v1")))
            Assert.Equal("hello", await agent.Unary());
        await _gateway!.DisposeAsync();

        Start(required: true);
        using var without = Client(null, Tokens.Agent("revenue_v1"));
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, "CERTIFICATE_MISSING", async () => await without.Unary());
        using var person = Client(null, Tokens.Operator());
        Assert.Equal("hello", await person.Unary());
        using var with = Client(Sign("revenue_v1"), Tokens.Agent("revenue_v1"));
        Assert.Equal("hello", await with.Unary());
        // The other port takes no TLS, so an agent cannot go round by it.
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_gateway.HttpAddress}/v1/sessions") { Headers = { { "authorization", $"Bearer {Tokens.Agent("revenue_v1")}" } } };
        using var answer = await http.SendAsync(request);
        Assert.Contains("CERTIFICATE_MISSING", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_that_are_of_no_use_get_no_connection()
    {
        Start();
        using var stranger = CertificateAuthority.Create(In("stranger.pem"), In("stranger-key.pem"), TimeProvider.System);
        stranger.SignAgent("revenue_v1", TrustDomain, In("forged.pem"), In("forged-key.pem"), Lifetime);
        _authority.SignAgent("revenue_v1", TrustDomain, In("expired.pem"), In("expired-key.pem"), TimeSpan.FromMinutes(-1));
        foreach (var name in new[] { "forged", "expired", "gateway" })
        {
            using var client = Client(Load(name), Tokens.Agent("revenue_v1"));
            var failure = await Assert.ThrowsAsync<RpcException>(async () => await client.Unary());
            Assert.True(failure.StatusCode is StatusCode.Unavailable or StatusCode.Internal, $"{name}: {failure.Status}");
        }
        Assert.Empty(_echo.Calls);
    }

    [Fact]
    public async Task A_certificate_of_another_trust_domain_names_no_agent()
    {
        Start();
        _authority.SignAgent("revenue_v1", "elsewhere", In("elsewhere.pem"), In("elsewhere-key.pem"), Lifetime);
        using var client = Client(Load("elsewhere"), Tokens.Agent("revenue_v1"));
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, "CERTIFICATE_NAMES_NO_AGENT", async () => await client.Unary());
    }

    [Fact]
    public async Task A_renewed_certificate_is_in_use_without_a_restart_and_a_broken_one_is_not()
    {
        Start();
        var first = await ShownAsync();
        await File.WriteAllTextAsync(In("gateway.pem"), "half of a certif", TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(In("gateway.pem"), TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(1));
        Assert.Equal(first, await ShownAsync());

        SignServer();
        await Eventually.TrueAsync(async () => await ShownAsync() != first, "the new certificate is shown");
        using var client = Client(Sign("revenue_v1"), Tokens.Agent("revenue_v1"));
        Assert.Equal("hello", await client.Unary());
    }

    [Theory]
    [InlineData("Tls:ClientAuthoritiesPath", "authority.pem", "Tls:CertificatePath")]
    [InlineData("Tls:RequireAgentCertificates", "true", "Tls:ClientAuthoritiesPath")]
    public void Settings_that_contradict_each_other_stop_the_gateway_from_starting(string name, string value, string missing)
    {
        var settings = GatewayFixture.SettingsFor(_echo);
        settings[name] = value;
        var failure = Assert.ThrowsAny<Exception>(() => GatewayFixture.Start(settings));
        Assert.Contains(missing, failure.Message, StringComparison.Ordinal);
    }

    private void Start(bool required = false)
    {
        var settings = GatewayFixture.SettingsFor(_echo);
        (settings["Tls:CertificatePath"], settings["Tls:KeyPath"], settings["Tls:ClientAuthoritiesPath"]) = (In("gateway.pem"), In("gateway-key.pem"), In("authority.pem"));
        settings["Tls:RequireAgentCertificates"] = $"{required}";
        _gateway = GatewayFixture.Start(settings);
    }

    private void SignServer() => _authority.SignServer(In("gateway.pem"), In("gateway-key.pem"), Lifetime, "localhost", "127.0.0.1");

    private X509Certificate2 Sign(string agentId)
    {
        _authority.SignAgent(agentId, TrustDomain, In($"{agentId}.pem"), In($"{agentId}-key.pem"), Lifetime);
        return Load(agentId);
    }

    private X509Certificate2 Load(string name) => X509Certificate2.CreateFromPemFile(In($"{name}.pem"), In($"{name}-key.pem"));

    private EchoClient Client(X509Certificate2? certificate, string? token)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(In("authority.pem"));
        var handler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } };
        if (certificate is not null)
            handler.SslOptions.ClientCertificates = [certificate];
        return new EchoClient($"https://localhost:{Port}", token, handler);
    }

    private int Port => new Uri(_gateway!.GrpcAddress).Port;

    // The serial number of what the gateway shows a new connection.
    private async Task<string> ShownAsync()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", Port);
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        return tls.RemoteCertificate!.GetSerialNumberString();
    }

    private string In(string name) => Path.Combine(_folder, name);
}
