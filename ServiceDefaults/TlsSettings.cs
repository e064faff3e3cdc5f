namespace AgentPlatform;

/// <summary>Section <c>Tls</c>: the certificate of the gRPC port. Read once, at start; both files are PEM.</summary>
public sealed class TlsSettings
{
    /// <summary>The certificate, and after it the intermediate ones, if any. Empty for no TLS.</summary>
    public string CertificatePath { get; init; } = "";

    /// <summary>The certificate's private key, not encrypted.</summary>
    public string KeyPath { get; init; } = "";
}
