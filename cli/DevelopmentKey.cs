using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentPlatform.Cli.Certificates;

namespace AgentPlatform.Cli;

/// <summary>
/// The signing key of one run of the platform on a developer's machine. The AppHost makes it and tells every service its public
/// half; whoever may read the private half can mint any token, so it lies in a file that only its owner can read.
/// </summary>
public sealed class DevelopmentKey : IDisposable
{
    /// <summary>The <c>iss</c> claim of every token.</summary>
    public const string Issuer = "agentplatform-development";

    /// <summary>The <c>aud</c> claim of every token.</summary>
    public const string Audience = "agentplatform";

    private readonly ECDsa _key;

    private DevelopmentKey(ECDsa key) => _key = key;

    /// <summary>The SubjectPublicKeyInfo, DER, in base64 on one line: what services check tokens with.</summary>
    public string PublicKey => Convert.ToBase64String(_key.ExportSubjectPublicKeyInfo());

    /// <summary>Makes a new P-256 key.</summary>
    public static DevelopmentKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads a key that <see cref="Save"/> has written. Fails like <see cref="File.ReadAllText(string)"/> does.</summary>
    public static DevelopmentKey Load(string path)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(path));
        return new DevelopmentKey(key);
    }

    /// <summary>Writes the private key as PKCS#8 PEM, readable by the owner alone, in place of an older one.</summary>
    public void Save(string path) => SecretFile.Write(path, _key.ExportPkcs8PrivateKeyPem());

    /// <summary>Makes a bearer token (JWT, ES256).</summary>
    /// <param name="subject">Who it is for: a person, <c>service:name</c>, or an agent.</param>
    /// <param name="roles">At least one of the platform's roles.</param>
    /// <param name="agentId">For role <c>agent</c>: the only agent that the bearer can act as.</param>
    /// <param name="lifetime">How long it is good for; at least a second.</param>
    /// <param name="clock">Now.</param>
    public string Mint(string subject, IReadOnlyCollection<string> roles, string? agentId, TimeSpan lifetime, TimeProvider clock)
    {
        ArgumentException.ThrowIfNullOrEmpty(subject);
        ArgumentOutOfRangeException.ThrowIfZero(roles.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(lifetime, TimeSpan.FromSeconds(1));

        var now = clock.GetUtcNow();
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["aud"] = Audience,
            ["sub"] = subject,
            ["roles"] = new JsonArray([.. roles.Select(role => (JsonNode)role)]),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + lifetime).ToUnixTimeSeconds(),
        };
        if (agentId is not null)
        {
            claims["agent_id"] = agentId;
        }

        var signed = Encode("""{"alg":"ES256","typ":"JWT"}"""u8) + "." + Encode(Encoding.UTF8.GetBytes(claims.ToJsonString()));
        // JWS wants the two numbers of the signature side by side, not in DER.
        var signature = _key.SignData(
            Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return signed + "." + Encode(signature);
    }

    /// <inheritdoc />
    public void Dispose() => _key.Dispose();

    private static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);
}
