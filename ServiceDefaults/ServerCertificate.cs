using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace AgentPlatform;

/// <summary>
/// The certificate that a process shows, and the authorities whose certificates it takes, as their files are now: certificates are renewed while a process runs.
/// Files that are half written, or do not belong together, leave what was there before in use.
/// </summary>
internal sealed partial class ServerCertificate
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    // As often at most are the files looked at, by connections that begin.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly TlsSettings _settings;
    private readonly ILogger<ServerCertificate> _log;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private Loaded _loaded;
    private long _lookedAt;

    /// <summary>Reads the files; whatever is wrong with them is an error now.</summary>
    public ServerCertificate(TlsSettings settings, ILogger<ServerCertificate> log, TimeProvider clock)
    {
        (_settings, _log, _clock) = (settings, log, clock);
        _loaded = Load(Stamp());
        _lookedAt = clock.GetTimestamp();
    }

    /// <summary>For a connection that begins.</summary>
    public SslServerAuthenticationOptions Options()
    {
        var loaded = Current();
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = loaded.Certificate,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
        if (loaded.Authorities is null)
            return options;
        // Asked for, and taken only from one of these authorities; who shows none is not refused here, since people have none.
        options.ClientCertificateRequired = true;
        options.CertificateChainPolicy = PolicyOf(loaded.Authorities);
        options.RemoteCertificateValidationCallback = (_, _, _, errors) => errors is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateNotAvailable;
        return options;
    }

    private static X509ChainPolicy PolicyOf(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // Certificates of agents live for days, and an agent that may no longer work is disabled: nobody asks anywhere whether one is revoked.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            ApplicationPolicy = { new Oid(ClientAuthentication) },
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private Loaded Current()
    {
        lock (_lock)
        {
            if (_clock.GetElapsedTime(_lookedAt) < LookEvery)
                return _loaded;
            _lookedAt = _clock.GetTimestamp();
            try
            {
                if (Stamp() is var stamp && stamp != _loaded.Stamp)
                {
                    _loaded = Load(stamp);
                    Reloaded(_log, _settings.CertificatePath);
                }
            }
            // The next connection looks again.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                NotReloaded(_log, _settings.CertificatePath, e.Message);
            }
            return _loaded;
        }
    }

    private (DateTime Certificate, DateTime Key, DateTime Authorities) Stamp() =>
        (WrittenAt(_settings.CertificatePath), WrittenAt(_settings.KeyPath), WrittenAt(_settings.ClientAuthoritiesPath));

    private static DateTime WrittenAt(string path) => path.Length == 0 ? default : File.GetLastWriteTimeUtc(path);

    private Loaded Load((DateTime, DateTime, DateTime) stamp)
    {
        // The file may go on with intermediate certificates; clients that know only the root need them.
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(_settings.CertificatePath);
        var certificate = X509Certificate2.CreateFromPemFile(_settings.CertificatePath, _settings.KeyPath);
        X509Certificate2Collection? authorities = null;
        if (_settings.ClientAuthoritiesPath.Length > 0)
        {
            authorities = [];
            authorities.ImportFromPemFile(_settings.ClientAuthoritiesPath);
            if (authorities.Count == 0)
                throw new CryptographicException($"{_settings.ClientAuthoritiesPath} holds no certificate.");
        }
        return new Loaded(stamp, SslStreamCertificateContext.Create(certificate, chain, offline: true), authorities);
    }

    private sealed record Loaded((DateTime Certificate, DateTime Key, DateTime Authorities) Stamp, SslStreamCertificateContext Certificate, X509Certificate2Collection? Authorities);

    [LoggerMessage(LogLevel.Information, "{Path} has changed and is in use")]
    private static partial void Reloaded(ILogger log, string path);

    [LoggerMessage(LogLevel.Warning, "{Path} or a file that belongs to it has changed and cannot be used; what was there before stays in use ({Cause})")]
    private static partial void NotReloaded(ILogger log, string path, string cause);
}
