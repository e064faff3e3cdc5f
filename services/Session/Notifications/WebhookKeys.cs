using System.Security.Cryptography;
using System.Text;

namespace AgentPlatform.Sessions;

/// <summary>
/// Makes the secrets of webhooks from the keys of <see cref="WebhookSettings.KeyFile"/>: HKDF (RFC 5869) over the webhook's id and the generation of its secret. So no
/// secret is ever in the database, in a stored answer, in Redis or in a backup, and whoever reads those can sign nothing. To rotate a
/// key, put a new line before the others: new secrets are made from it, and the others go on until they are rotated.
/// </summary>
public sealed class WebhookKeys
{
    private const int KeyMinimumBytes = 32;
    private const int SecretBytes = 32;
    private const int IdCharacters = 16;
    private const string SecretPrefix = "whsec_";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Dictionary<string, byte[]> _byId = [];

    public WebhookKeys(WebhookSettings settings, IHostEnvironment environment)
    {
        if (settings.KeyFile.Length == 0)
            return;
        if (!File.Exists(settings.KeyFile) && environment.IsDevelopment())
            Make(settings.KeyFile);
        foreach (var line in File.ReadAllLines(settings.KeyFile).Where(l => l.Trim().Length > 0))
        {
            var key = Read(line.Trim(), settings.KeyFile);
            var id = Convert.ToHexStringLower(SHA256.HashData(key))[..IdCharacters];
            _byId[id] = key;
            CurrentId ??= id;
        }
        if (CurrentId is null)
            throw new InvalidOperationException($"Webhooks:KeyFile names {settings.KeyFile}, which has no key.");
    }

    /// <summary>Of the key that new secrets are made from; null when there is none.</summary>
    public string? CurrentId { get; }

    /// <summary>The secret of a webhook, or null when its key is not in the file any more.</summary>
    public byte[]? SecretOf(Guid webhookId, int generation, string keyId) => _byId.TryGetValue(keyId, out var key)
        ? HKDF.DeriveKey(HashAlgorithmName.SHA256, key, SecretBytes, info: Encoding.ASCII.GetBytes($"agentplatform webhook {webhookId} {generation}"))
        : null;

    /// <summary>A secret as people are given it.</summary>
    public static string TextOf(byte[] secret) => SecretPrefix + Convert.ToBase64String(secret);

    private static byte[] Read(string line, string path)
    {
        var key = new byte[line.Length];
        return Convert.TryFromBase64String(line, key, out var written) && written >= KeyMinimumBytes
            ? key[..written] : throw new InvalidOperationException($"{path} has a line that is not {KeyMinimumBytes} bytes or more in base64.");
    }

    // Whole before it has its name: another instance may start at the same time, and takes what it finds there.
    private static void Make(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var draft = Path.Combine(folder, $".{Guid.NewGuid():N}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(draft, options))
            file.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyMinimumBytes)) + "\n"));
        try { File.Move(draft, path, overwrite: false); }
        // The other instance was faster; its key is as good.
        catch (IOException) when (File.Exists(path)) { File.Delete(draft); }
    }
}
