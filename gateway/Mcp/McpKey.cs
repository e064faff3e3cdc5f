using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;

namespace AgentPlatform.Gateway;

/// <summary>
/// The idempotency key of a tool call. A model that got no answer calls again, with nothing by which the call could be told from a new one; so the same call of the same session within a while
/// is one call.
/// </summary>
/// <param name="Key">The key: the same whenever the call is made.</param>
/// <param name="Since">Answers from before this time are of calls that are another call by now.</param>
public sealed record McpKey(string Key, DateTimeOffset Since)
{
    /// <summary>How long the same call is one call, counted from the answer.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    /// <summary>The key of a call.</summary>
    /// <param name="session">The id of the client's session; empty when it has none. The services keep callers apart by themselves.</param>
    /// <param name="tool">The tool's name.</param>
    /// <param name="request">What it was asked for.</param>
    /// <param name="madeAt">When the call was made first: whoever comes back for its answer later still finds it.</param>
    public static McpKey Of(string session, string tool, IMessage request, DateTimeOffset madeAt)
    {
        var what = $"{session}\n{tool}\n{Convert.ToHexStringLower(IdempotentCall.FingerprintOf(request))}";
        return new McpKey($"mcp-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)))}", madeAt - Window);
    }
}
