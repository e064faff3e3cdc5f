using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgentPlatform.Sessions;

/// <summary>
/// Signs messages in the symmetric form of Standard Webhooks 1.0 (https://www.standardwebhooks.com): HMAC-SHA-256 over id, time and body with full stops
/// between them. Anybody's library for that checks ours.
/// </summary>
public static class WebhookSignature
{
    /// <summary>The value of the header: one signature for each secret, with blanks between them.</summary>
    public static string Of(IEnumerable<byte[]> secrets, Guid id, DateTimeOffset time, string body)
    {
        var signed = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{time.ToUnixTimeSeconds()}.{body}"));
        return string.Join(' ', secrets.Select(secret => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(secret, signed))}"));
    }
}
