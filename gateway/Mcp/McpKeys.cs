using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;

namespace AgentPlatform.Gateway;

/// <summary>
/// The idempotency keys of tool calls. A model that got no answer calls again, with nothing by which the call could be told from a new one; so the same call of the same session within a while
/// is one call.
/// </summary>
/// <param name="Key">The key by the time at which the call was made: windows of the clock, since nothing is kept here.</param>
/// <param name="Earlier">The key of the window before: a repeat that comes just after a window's end is found by it.</param>
public sealed record McpKeys(string Key, string Earlier)
{
    /// <summary>How long the same call is at least one call; at most twice as long.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    /// <summary>The keys of a call.</summary>
    /// <param name="session">The id of the client's session; empty when it has none. The services keep callers apart by themselves.</param>
    /// <param name="tool">The tool's name.</param>
    /// <param name="request">What it was asked for.</param>
    /// <param name="madeAt">When the call was made first.</param>
    public static McpKeys Of(string session, string tool, IMessage request, DateTimeOffset madeAt)
    {
        var window = madeAt.ToUnixTimeMilliseconds() / (long)Window.TotalMilliseconds;
        var fingerprint = Convert.ToHexStringLower(IdempotentCall.FingerprintOf(request));
        return new McpKeys(OfWindow(window), OfWindow(window - 1));

        string OfWindow(long number)
        {
            var what = string.Create(CultureInfo.InvariantCulture, $"{session}\n{tool}\n{number}\n{fingerprint}");
            return $"mcp-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)))}";
        }
    }
}
