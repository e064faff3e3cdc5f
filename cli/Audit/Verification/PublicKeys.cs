using System.Security.Cryptography;
using System.Text;

namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>The public keys that signatures are checked with, by their ids.</summary>
public sealed class PublicKeys : IDisposable
{
    private const int IdCharacters = 16;
    private readonly Dictionary<string, ECDsa> _byId = [];

    /// <summary>From PEM files; a file that is none is a <see cref="CliException"/>.</summary>
    public PublicKeys(IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            var key = ECDsa.Create();
            try
            {
                key.ImportFromPem(File.ReadAllText(path));
            }
            catch (Exception e) when (e is ArgumentException or CryptographicException)
            {
                key.Dispose();
                throw new CliException($"{path} has no public key in PEM form", e);
            }
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
                throw new CliException($"{path} has a key on another curve than P-256");
            _byId[Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..IdCharacters]] = key;
        }
    }

    /// <summary>The ids, for people.</summary>
    public string Ids => string.Join(", ", _byId.Keys.Order(StringComparer.Ordinal));

    /// <summary>What is wrong with the signature on these lines and the line of the key; null when nothing is.</summary>
    public string? ProblemWith(string keyId, string signature, params IEnumerable<string> signed)
    {
        if (!_byId.TryGetValue(keyId, out var key))
            return $"it is signed with the key {keyId}, and only {Ids} is known; name the file of that key with --key too, if you trust it";
        var bytes = new byte[signature.Length];
        return Convert.TryFromBase64String(signature, bytes, out var length)
            && key.VerifyData(Encoding.UTF8.GetBytes(string.Join('\n', signed.Append($"key={keyId}"))), bytes.AsSpan(0, length), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
            ? null
            : "its signature does not hold";
    }

    public void Dispose()
    {
        foreach (var key in _byId.Values)
            key.Dispose();
    }
}
