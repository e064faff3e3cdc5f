using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace AgentPlatform.Gateway;

/// <summary>
/// How a client whose connection broke gets the answer that it had not yet: the event id that a stream begins with holds the call itself, and whoever comes back with it has it made again,
/// under the same idempotency key. So no gateway need keep what it has sent, and any of them can go on. An id gives no right to anything: it says no more than a new request could.
/// </summary>
public static class McpResume
{
    // It comes back as a header.
    private const int IdMaximumCharacters = 8 * 1024;
    private const int CallMaximumBytes = 256 * 1024;

    /// <summary>The event id of a call; null when it is too large to come back, so that it cannot be gone on with.</summary>
    /// <param name="madeAt">When the call was made first.</param>
    /// <param name="message">The JSON-RPC message.</param>
    public static string? IdOf(DateTimeOffset madeAt, ReadOnlySpan<byte> message)
    {
        if (message.Length > CallMaximumBytes)
            return null;
        using var zipped = new MemoryStream();
        using (var brotli = new BrotliStream(zipped, CompressionLevel.Fastest))
            brotli.Write(message);
        var id = string.Create(CultureInfo.InvariantCulture, $"{madeAt.ToUnixTimeMilliseconds()}.{WebEncoders.Base64UrlEncode(zipped.ToArray())}");
        return id.Length > IdMaximumCharacters ? null : id;
    }

    /// <summary>The call of an event id; null when it is none, or a call from before the time for which its key is known.</summary>
    public static (DateTimeOffset MadeAt, byte[] Message)? CallOf(string id, DateTimeOffset now)
    {
        var dot = id.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || id.Length > IdMaximumCharacters || !long.TryParse(id.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            || milliseconds < now.Add(-McpSession.Lifetime).ToUnixTimeMilliseconds() || milliseconds > now.ToUnixTimeMilliseconds())
            return null;
        try
        {
            using var brotli = new BrotliStream(new MemoryStream(WebEncoders.Base64UrlDecode(id, dot + 1, id.Length - dot - 1)), CompressionMode.Decompress);
            // Few bytes can be made to unfold into very many.
            var message = new byte[CallMaximumBytes + 1];
            var length = brotli.ReadAtLeast(message, message.Length, throwOnEndOfStream: false);
            return length > CallMaximumBytes ? null : (DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), message[..length]);
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or InvalidOperationException) { return null; }
    }

    /// <summary>The event that a stream begins with: an id, and nothing to be read yet.</summary>
    public static byte[] Event(string id) => Encoding.ASCII.GetBytes($"id: {id}\nretry: 1000\ndata: \n\n");
}
