using System.Security.Cryptography.X509Certificates;
using AgentPlatform.Cli;
using AgentPlatform.Cli.Certificates;

namespace AgentPlatform.Tests.Commands;

public sealed class TlsCommandTests(TestServers servers) : IDisposable
{
    private readonly Agentctl _agentctl = new();

    public void Dispose() => _agentctl.Dispose();

    [Fact]
    public async Task A_certificate_of_an_agent_is_signed_by_this_machine_s_authority_and_its_key_is_nobody_else_s()
    {
        using var authority = NewAuthority();
        var (exitCode, output, errors) = await _agentctl.RunAsync("agent", "cert", "revenue_v1", "--out", _agentctl.PathOf("certificates"), "--days", "2");
        Assert.True(exitCode == ExitCode.Ok, errors);
        var (certificatePath, keyPath) = (_agentctl.PathOf("certificates", "revenue_v1.pem"), _agentctl.PathOf("certificates", "revenue_v1-key.pem"));
        Assert.Equal([certificatePath, keyPath], output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(keyPath));

        using var certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        Assert.InRange(certificate.NotAfter.ToUniversalTime(), TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(47), TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(49));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(_agentctl.PathOf("tls", "authority.pem"));
        Assert.True(chain.Build(certificate));
    }

    [Theory]
    [InlineData("agent cert Über", ExitCode.WrongUsage)]
    [InlineData("agent cert ../../etc/passwd", ExitCode.WrongUsage)]
    [InlineData("agent cert a --days 0", ExitCode.WrongUsage)]
    [InlineData("agent cert a --authority x.pem", ExitCode.WrongUsage)]
    [InlineData("agent cert a", ExitCode.Failed)]
    public async Task What_cannot_be_made_is_said_and_leaves_nothing(string commandLine, int code)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync([.. commandLine.Split(' '), "--out", _agentctl.PathOf("certificates")]);
        Assert.Equal((code, ""), (exitCode, output));
        Assert.StartsWith("agentctl: ", errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_agentctl.PathOf("certificates")));
    }

    [Fact]
    public async Task Commands_reach_a_gateway_by_TLS_and_only_one_that_their_authority_vouches_for()
    {
        using var authority = NewAuthority();
        authority.SignServer(_agentctl.PathOf("gateway.pem"), _agentctl.PathOf("gateway-key.pem"), TimeSpan.FromHours(1), "localhost");
        await using var platform = new Platform(servers);
        await platform.InitializeAsync();
        platform.Settings["gateway"] = new() { ["Tls:CertificatePath"] = _agentctl.PathOf("gateway.pem"), ["Tls:KeyPath"] = _agentctl.PathOf("gateway-key.pem") };
        var address = $"https://localhost:{new Uri((await platform.StartAsync("gateway")).GrpcAddress).Port}";
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));

        _agentctl.WriteRunNote(gateway: address, authority: _agentctl.PathOf("tls", "authority.pem"));
        var (exitCode, _, errors) = await _agentctl.RunAsync("session", "list");
        Assert.True(exitCode == ExitCode.Ok, errors);

        using var stranger = CertificateAuthority.Create(_agentctl.PathOf("stranger.pem"), _agentctl.PathOf("stranger-key.pem"), TimeProvider.System);
        _agentctl.WriteRunNote(gateway: address, authority: _agentctl.PathOf("stranger.pem"));
        Assert.Equal(ExitCode.Failed, (await _agentctl.RunAsync("session", "list")).ExitCode);
    }

    private CertificateAuthority NewAuthority()
    {
        Directory.CreateDirectory(_agentctl.PathOf("tls"));
        return CertificateAuthority.Create(_agentctl.PathOf("tls", "authority.pem"), _agentctl.PathOf("tls", "authority-key.pem"), TimeProvider.System);
    }
}
