namespace AgentPlatform;

/// <summary>Section <c>Tls</c>: the certificate of the gRPC port, and whose certificates it asks callers for. All files are PEM, and are read anew when they change.</summary>
public sealed class TlsSettings
{
    /// <summary>The certificate, and after it the intermediate ones, if any. Empty for no TLS.</summary>
    public string CertificatePath { get; init; } = "";

    /// <summary>The certificate's private key, not encrypted.</summary>
    public string KeyPath { get; init; } = "";

    /// <summary>The authorities whose client certificates are taken (mutual TLS). Empty: callers are not asked for certificates.</summary>
    public string ClientAuthoritiesPath { get; init; } = "";

    /// <summary>At the gateway: whether agents are refused that bring no certificate.</summary>
    public bool RequireAgentCertificates { get; init; }

    /// <summary>Agents' certificates name them as <c>spiffe://TRUST_DOMAIN/agent/ID</c>.</summary>
    public string TrustDomain { get; init; } = "agentplatform";

    /// <summary>Whether the gRPC port takes TLS. Settings that contradict each other are an error.</summary>
    public bool IsOn()
    {
        if (CertificatePath.Length == 0 != (KeyPath.Length == 0))
            throw new InvalidOperationException("Set both Tls:CertificatePath and Tls:KeyPath, or neither.");
        if (ClientAuthoritiesPath.Length > 0 && CertificatePath.Length == 0)
            throw new InvalidOperationException("Tls:ClientAuthoritiesPath needs Tls:CertificatePath: without TLS nobody shows a certificate.");
        if (RequireAgentCertificates && ClientAuthoritiesPath.Length == 0)
            throw new InvalidOperationException("Tls:RequireAgentCertificates needs Tls:ClientAuthoritiesPath: whose certificates are to be taken?");
        return CertificatePath.Length > 0;
    }
}
