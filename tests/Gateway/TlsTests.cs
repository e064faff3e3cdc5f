using System.Net;
using System.Net.Security;

namespace AgentPlatform.Tests.Gateways;

public sealed class TlsTests : IDisposable
{
    private readonly TestCertificate _certificate = new();

    public void Dispose() => _certificate.Dispose();

    [Fact]
    public async Task With_a_certificate_one_port_takes_gRPC_and_HTTP_1()
    {
        await using var echo = await EchoService.StartAsync();
        var settings = GatewayFixture.SettingsFor(echo);
        (settings["Tls:CertificatePath"], settings["Tls:KeyPath"]) = (_certificate.Path, _certificate.KeyPath);
        await using var gateway = GatewayFixture.Start(settings);
        var address = $"https://localhost:{new Uri(gateway.GrpcAddress).Port}";

        using var client = new EchoClient(address, Tokens.Operator(), TrustingHandler());
        Assert.Equal("hello", await client.Unary());

        using var http = new HttpClient(TrustingHandler());
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{address}/health") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var response = await http.SendAsync(request);
            Assert.Equal((HttpStatusCode.OK, version), (response.StatusCode, response.Version));
            // A browser would keep to it for every port of this machine.
            Assert.False(response.Headers.Contains("Strict-Transport-Security"));
        }
    }

    [Fact]
    public async Task Browsers_are_told_to_come_back_by_TLS_alone()
    {
        await using var echo = await EchoService.StartAsync();
        var settings = GatewayFixture.SettingsFor(echo);
        (settings["Tls:CertificatePath"], settings["Tls:KeyPath"]) = (_certificate.Path, _certificate.KeyPath);
        await using var gateway = GatewayFixture.Start(settings);
        using var http = new HttpClient(TrustingHandler());
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://localhost:{new Uri(gateway.GrpcAddress).Port}/alive") { Headers = { Host = "gateway.example.org" } };
        using var response = await http.SendAsync(request);
        Assert.Equal("max-age=31536000", Assert.Single(response.Headers.GetValues("Strict-Transport-Security")));
    }

    [Fact]
    public async Task A_certificate_without_its_key_is_refused_at_start()
    {
        await using var echo = await EchoService.StartAsync();
        var settings = GatewayFixture.SettingsFor(echo);
        settings["Tls:CertificatePath"] = _certificate.Path;
        var failure = Assert.ThrowsAny<Exception>(() => GatewayFixture.Start(settings));
        Assert.Contains("Tls:KeyPath", failure.Message, StringComparison.Ordinal);
    }

    // Nobody vouches for a certificate made a moment ago; that it is the right one is Kestrel's business, not ours.
    private static SocketsHttpHandler TrustingHandler() =>
        new() { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
}
