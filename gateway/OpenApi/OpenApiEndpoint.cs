using System.IO.Compression;
using System.Security.Cryptography;

namespace AgentPlatform.Gateway;

/// <summary>
/// Hands out <c>/openapi.json</c>, to anybody: it says what the contracts in the open repository say, and nothing of who uses them. It is made at the first request and
/// kept, as it is and compressed.
/// </summary>
public sealed class OpenApiEndpoint(OpenApiDocument document)
{
    /// <summary>Where it is.</summary>
    public const string Path = "/openapi.json";

    private const string Gzip = "gzip";

    private readonly Lazy<(byte[] Plain, byte[] Zipped, string Tag)> _made = new(() =>
    {
        var plain = document.Make();
        return (plain, Zip(plain), Convert.ToHexStringLower(SHA256.HashData(plain))[..32]);
    });

    /// <summary>Answers a GET or a HEAD. Whoever has it asks whether it is still the same, which costs nothing; a new version is seen at once.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var (plain, zipped, tag) = _made.Value;
        var isZipped = context.Request.GetTypedHeaders().AcceptEncoding.Any(e => e.Value.Equals(Gzip, StringComparison.OrdinalIgnoreCase) && e.Quality is not 0);
        // Bytes that differ have tags that differ.
        var etag = isZipped ? $"\"{tag}-{Gzip}\"" : $"\"{tag}\"";
        var response = context.Response;
        (response.Headers.ETag, response.Headers.CacheControl, response.Headers.Vary) = (etag, "no-cache", "accept-encoding");
        response.Headers.XContentTypeOptions = "nosniff";
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(t => t.Tag == "*" || t.Tag == etag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        var body = isZipped ? zipped : plain;
        (response.ContentType, response.ContentLength) = ("application/json", body.Length);
        if (isZipped)
            response.Headers.ContentEncoding = Gzip;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] Zip(byte[] plain)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.SmallestSize))
            gzip.Write(plain);
        return zipped.ToArray();
    }
}
