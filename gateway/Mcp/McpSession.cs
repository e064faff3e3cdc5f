using System.Buffers.Binary;

namespace AgentPlatform.Gateway;

/// <summary>
/// A session of an MCP client. It is its id and nothing else: a UUIDv7, which says when it began. So it costs nothing however many there are, every gateway knows it, and none forgets it by a
/// restart; it gives no right to anything, as each request brings its token. What it is for: repeats of a call are found within a session.
/// </summary>
public static class McpSession
{
    /// <summary>The header with the id.</summary>
    public const string Header = "mcp-session-id";

    /// <summary>How long a session lasts; a client then begins a new one by itself.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    // Another gateway's clock may be ahead of ours.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    /// <summary>The id of a session that begins now.</summary>
    public static string Begin(TimeProvider clock) => Guid.CreateVersion7(clock.GetUtcNow()).ToString("N");

    /// <summary>Whether this is a session that has not ended.</summary>
    public static bool IsAlive(string id, TimeProvider clock)
    {
        if (!Guid.TryParseExact(id, "N", out var guid) || guid.Version != 7)
            return false;
        // Its first 48 bits are milliseconds of Unix time; the greatest of them is beyond what a date can be.
        var milliseconds = (long)(BinaryPrimitives.ReadUInt64BigEndian(guid.ToByteArray(bigEndian: true)) >> 16);
        if (milliseconds > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            return false;
        var age = clock.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        return age > -ClockSkew && age < Lifetime;
    }
}
