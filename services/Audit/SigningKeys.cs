using System.Security.Cryptography;
using System.Text;

namespace AgentPlatform.Audit;

/// <summary>
/// The key that signs, and the public keys that what was signed earlier is checked with. A key's id is the beginning of the SHA-256 of its
/// public half. To rotate: make a new key, name the public half of the old one in <c>Audit:EarlierKeys</c>, restart.
/// </summary>
public sealed class SigningKeys : IDisposable
{
    private const int IdCharacters = 16;
    private const string PrivateSuffix = ".pem";
    private const string PublicSuffix = ".pub.pem";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const DSASignatureFormat Format = DSASignatureFormat.Rfc3279DerSequence;

    private readonly ECDsa _signing;
    private readonly Dictionary<string, ECDsa> _byId = [];
    private readonly Lock _lock = new();

    public SigningKeys(AuditSettings settings, IHostEnvironment environment)
    {
        if (!File.Exists(settings.SigningKey))
        {
            if (!environment.IsDevelopment())
                throw new InvalidOperationException($"Audit:SigningKey names {settings.SigningKey}, which does not exist.");
            Make(settings.SigningKey);
        }
        _signing = Load(settings.SigningKey);
        KeyId = IdOf(_signing);
        _byId[KeyId] = _signing;
        foreach (var path in settings.EarlierKeys.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var earlier = Load(path);
            _byId[IdOf(earlier)] = earlier;
        }
        KeepPublicHalf(settings.SigningKey);
    }

    /// <summary>Of the key that signs.</summary>
    public string KeyId { get; }

    /// <summary>Signs a text: ECDSA P-256 with SHA-256, DER.</summary>
    public byte[] Sign(string text)
    {
        lock (_lock)
            return _signing.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, Format);
    }

    /// <summary>Whether the text was signed by this key, which must be one that we know.</summary>
    public bool Holds(string keyId, string text, byte[] signature)
    {
        lock (_lock)
            return _byId.TryGetValue(keyId, out var key) && key.VerifyData(Encoding.UTF8.GetBytes(text), signature, HashAlgorithmName.SHA256, Format);
    }

    public void Dispose()
    {
        foreach (var key in _byId.Values)
            key.Dispose();
    }

    private static ECDsa Load(string path)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(path));
        if (key.ExportParameters(false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
            throw new InvalidOperationException($"{path} is not a key on the curve P-256.");
        return key;
    }

    private static string IdOf(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..IdCharacters];

    // Whole before it has its name: another instance may start at the same time, and takes what it finds there.
    private static void Make(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var draft = Path.Combine(folder, $".{Guid.NewGuid():N}{PrivateSuffix}");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(draft, options))
            file.Write(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
        try { File.Move(draft, path, overwrite: false); }
        // The other instance was faster; its key is as good.
        catch (IOException) when (File.Exists(path)) { File.Delete(draft); }
    }

    private void KeepPublicHalf(string path)
    {
        var stem = path.EndsWith(PrivateSuffix, StringComparison.Ordinal) ? path[..^PrivateSuffix.Length] : path;
        var pem = _signing.ExportSubjectPublicKeyInfoPem() + "\n";
        if (!File.Exists(stem + PublicSuffix) || File.ReadAllText(stem + PublicSuffix) != pem)
            File.WriteAllText(stem + PublicSuffix, pem);
    }
}
