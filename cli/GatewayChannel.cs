using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace AgentPlatform.Cli;

/// <summary>Connections to a gateway, with or without TLS.</summary>
public static class GatewayChannel
{
    /// <summary>The environment variable with a PEM file of the authorities that another platform's gateway is checked by, beside those of this machine.</summary>
    public const string AuthorityVariable = "AGENTPLATFORM_CA";

    // Some pieces of a file: with the usual 64 KiB the sender waits for leave to go on after each.
    private const int StreamWindowBytes = 256 * 1024;

    /// <summary>To the platform that runs on this machine.</summary>
    public static GrpcChannel Open(RunNote note) => Open(note.Gateway, note.Authority);

    /// <summary>To any other one.</summary>
    public static GrpcChannel Open(string gateway) => Open(gateway, Environment.GetEnvironmentVariable(AuthorityVariable));

    /// <summary>To a gateway whose certificate one of these authorities has signed; without a file, one of this machine's.</summary>
    public static GrpcChannel Open(string gateway, string? authority) =>
        GrpcChannel.ForAddress(gateway, new GrpcChannelOptions { HttpHandler = NewHandler(authority), DisposeHttpClient = true });

    /// <summary>What connects to a gateway in this way.</summary>
    public static SocketsHttpHandler NewHandler(string? authority)
    {
        // Loopback is never behind a proxy, whatever the environment says.
        var handler = new SocketsHttpHandler { UseProxy = false, InitialHttp2StreamWindowSize = StreamWindowBytes };
        if (string.IsNullOrEmpty(authority))
            return handler;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try { policy.CustomTrustStore.ImportFromPemFile(authority); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CliException($"{authority}, by which the gateway is to be checked, cannot be read: {e.Message}", e);
        }
        handler.SslOptions.CertificateChainPolicy = policy;
        return handler;
    }
}
