using AgentPlatform.Cli.Certificates;

namespace AgentPlatform.AppHost;

/// <summary>
/// Certificates on a developer's machine: an authority in the data folder that stays, and the gateway's own, made anew for each run. The same authority signs agents'
/// (<c>agentctl agent cert</c>).
/// </summary>
/// <param name="Authority">What clients check the gateway by, and the gateway its agents.</param>
/// <param name="Certificate">The gateway's.</param>
/// <param name="Key">Its private key.</param>
internal sealed record DevelopmentCertificates(string Authority, string Certificate, string Key)
{
    /// <summary>Longer than any run.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    public static DevelopmentCertificates Create(DataFolder data)
    {
        Directory.CreateDirectory(data.Tls);
        var (authority, authorityKey) = (Path.Combine(data.Tls, "authority.pem"), Path.Combine(data.Tls, "authority-key.pem"));
        using var signer = File.Exists(authority) && File.Exists(authorityKey)
            ? CertificateAuthority.Load(authority, authorityKey, TimeProvider.System)
            : CertificateAuthority.Create(authority, authorityKey, TimeProvider.System);
        var certificates = new DevelopmentCertificates(authority, Path.Combine(data.Tls, "gateway.pem"), Path.Combine(data.Tls, "gateway-key.pem"));
        signer.SignServer(certificates.Certificate, certificates.Key, Lifetime, "localhost", "127.0.0.1", "::1");
        return certificates;
    }
}
