using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentPlatform.Tests.Sessions;

/// <summary>What a receiver was sent, and how it checks that: written from the specification of Standard Webhooks, and not with our own code.</summary>
public sealed record WebhookMessage(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string Id => Headers["webhook-id"];

    public string Type => Json.GetProperty("type").GetString()!;

    public JsonElement Data => Json.GetProperty("data");

    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.Clone();
        }
    }

    public DateTimeOffset SentAt => DateTimeOffset.FromUnixTimeSeconds(long.Parse(Headers["webhook-timestamp"], CultureInfo.InvariantCulture));

    /// <summary>How many signatures it carries.</summary>
    public int Signatures => Headers["webhook-signature"].Split(' ').Length;

    /// <summary>Whether one of its signatures is by this secret.</summary>
    public bool IsSignedBy(string secret) => Holds(secret, Id, Headers["webhook-timestamp"], Body, Headers["webhook-signature"]);

    public static bool Holds(string secret, string id, string timestamp, string body, string signatures)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Convert.FromBase64String(secret["whsec_".Length..]));
        foreach (var part in new[] { id, ".", timestamp, ".", body })
            hmac.AppendData(Encoding.UTF8.GetBytes(part));
        var expected = hmac.GetHashAndReset();
        return signatures.Split(' ').Where(s => s.StartsWith("v1,", StringComparison.Ordinal))
            .Any(s => CryptographicOperations.FixedTimeEquals(expected, Convert.FromBase64String(s["v1,".Length..])));
    }
}
