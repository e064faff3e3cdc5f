using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentPlatform.Cli.Certificates;

/// <summary>A small authority: it vouches for the gateway of a developer's machine, and for agents. Whoever may read its key can be any agent's machine.</summary>
public sealed class CertificateAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    // RFC 5280: 20 octets at most, positive.
    private const int SerialBytes = 16;
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    // The clocks of those who check may be behind.
    private static readonly TimeSpan Backdating = TimeSpan.FromMinutes(5);

    private readonly X509Certificate2 _certificate;
    private readonly TimeProvider _clock;

    private CertificateAuthority(X509Certificate2 certificate, TimeProvider clock) => (_certificate, _clock) = (certificate, clock);

    /// <summary>Makes a new one, in these two files; the key is readable by the owner alone.</summary>
    public static CertificateAuthority Create(string certificatePath, string keyPath, TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=AgentPlatform", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = clock.GetUtcNow();
        var certificate = request.CreateSelfSigned(now - Backdating, now + Lifetime);
        SecretFile.Write(keyPath, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem() + "\n");
        return new CertificateAuthority(certificate, clock);
    }

    /// <summary>Reads one that <see cref="Create"/>, or anybody else, has written.</summary>
    public static CertificateAuthority Load(string certificatePath, string keyPath, TimeProvider clock) =>
        new(X509Certificate2.CreateFromPemFile(certificatePath, keyPath), clock);

    /// <summary>A certificate of a server with these names and addresses.</summary>
    public void SignServer(string certificatePath, string keyPath, TimeSpan lifetime, params IEnumerable<string> names)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            if (IPAddress.TryParse(name, out var address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        Sign("CN=AgentPlatform gateway", alternatives, ServerAuthentication, lifetime, certificatePath, keyPath);
    }

    /// <summary>A certificate with which an agent connects; its one URI names the agent.</summary>
    public void SignAgent(string agentId, string trustDomain, string certificatePath, string keyPath, TimeSpan lifetime)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddUri(new Uri($"spiffe://{trustDomain}/agent/{agentId}"));
        Sign($"CN={agentId}", alternatives, ClientAuthentication, lifetime, certificatePath, keyPath);
    }

    /// <inheritdoc />
    public void Dispose() => _certificate.Dispose();

    private void Sign(string subject, SubjectAlternativeNameBuilder names, string usage, TimeSpan lifetime, string certificatePath, string keyPath)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var now = _clock.GetUtcNow();
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] &= 0x7F;
        // Not beyond the authority's own end, or the chain would not hold.
        var end = now + lifetime < _certificate.NotAfter ? now + lifetime : new DateTimeOffset(_certificate.NotAfter);
        using var certificate = request.Create(_certificate, now - Backdating, end, serial);
        SecretFile.Write(keyPath, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem() + "\n");
    }
}
