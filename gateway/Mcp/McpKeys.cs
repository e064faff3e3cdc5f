using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;

namespace AgentPlatform.Gateway;

/// <summary>
/// The idempotency keys of tool calls. A model that got no answer calls again, with nothing by which the call could be told from a new one; so the same call of the same session within a while
/// is one call.
/// </summary>
public static class McpKeys
{
    /// <summary>How long the same call is one call: from one whole multiple of it to the next.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    /// <summary>The key of a call.</summary>
    /// <param name="session">The id of the client's session; empty when it has none. The services keep callers apart by themselves.</param>
    /// <param name="tool">The tool's name.</param>
    /// <param name="request">What it was asked for.</param>
    /// <param name="madeAt">When the call was made first.</param>
    public static string Of(string session, string tool, IMessage request, DateTimeOffset madeAt)
    {
        var window = madeAt.ToUnixTimeMilliseconds() / (long)Window.TotalMilliseconds;
        var what = string.Create(CultureInfo.InvariantCulture, $"{session}\n{tool}\n{window}\n{Convert.ToHexStringLower(IdempotentCall.FingerprintOf(request))}");
        return $"mcp-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)))}";
    }
}
