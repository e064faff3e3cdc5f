using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgentPlatform;

/// <summary>
/// One page of a list. A page token carries the key of the last row shown, and a fingerprint of the list and its filters, so
/// that a token of another list, or of the same one with other filters, is refused instead of giving nonsense.
/// </summary>
public sealed class PageRequest
{
    /// <summary>
    /// How much free JSON a page may have. As protobuf it is up to six times as large, and with one row more than this it still fits into the 4 MiB that
    /// clients take.
    /// </summary>
    internal const int MaximumJsonCharacters = 512 * 1024;

    private const int DefaultSize = 50;
    private const int MaximumSize = 500;
    private const int FingerprintBytes = 8;
    private const int MaximumTokenLength = 4_096;

    private readonly byte[] _fingerprint;

    private PageRequest(int size, byte[] fingerprint, string? after) => (Size, _fingerprint, After) = (size, fingerprint, after);

    /// <summary>How many rows to show.</summary>
    public int Size { get; }

    /// <summary>One more than to show: the extra row tells whether there is a next page.</summary>
    public int Fetch => Size + 1;

    /// <summary>The key of the last row that was shown; null on the first page.</summary>
    public string? After { get; }

    /// <summary>The same for lists whose key is a UUID.</summary>
    public Guid? AfterId => After is null ? null
        : Guid.TryParseExact(After, "D", out var id) ? id : throw InvalidToken();

    /// <summary>The same for lists whose key is a number.</summary>
    public long? AfterNumber => After is null ? null
        : long.TryParse(After, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw InvalidToken();

    /// <summary>Reads a list request's paging fields; every other field of it belongs to <paramref name="filters"/>.</summary>
    public static PageRequest Read(string list, int pageSize, string pageToken, params ReadOnlySpan<object?> filters)
    {
        if (pageSize < 0)
            throw Errors.InvalidArgument("page_size", "is negative");
        var fingerprint = SHA256.HashData(Encoding.UTF8.GetBytes($"{list}\n{string.Join('\n', filters)}"))[..FingerprintBytes];
        var size = pageSize == 0 ? DefaultSize : Math.Min(pageSize, MaximumSize);
        return new PageRequest(size, fingerprint, pageToken.Length == 0 ? null : Decode(pageToken, fingerprint));
    }

    /// <summary>Cuts the fetched rows to the page, and makes the next page's token from the last row's key.</summary>
    public (IReadOnlyList<T> Rows, string NextToken) Cut<T>(List<T> fetched, Func<T, string> key)
    {
        if (fetched.Count <= Size)
            return (fetched, "");
        var rows = fetched[..Size];
        return (rows, TokenAfter(key(rows[^1])));
    }

    /// <summary>Cuts rows of which more may follow than were read. A row that alone is too large is a page of its own.</summary>
    internal (IReadOnlyList<T> Rows, string NextToken) Cut<T>(List<T> fetched, Func<T, string> key, bool isWhole)
    {
        if (isWhole || fetched.Count > Size)
            return Cut(fetched, key);
        var rows = fetched[..Math.Max(1, fetched.Count - 1)];
        return (rows, TokenAfter(key(rows[^1])));
    }

    /// <summary>The token of the page that follows the row with this key, for lists that know by themselves whether there is one.</summary>
    public string TokenAfter(string key) => Base64Url.EncodeToString([.. _fingerprint, .. Encoding.UTF8.GetBytes(key)]);

    private static string Decode(string token, byte[] fingerprint)
    {
        if (token.Length > MaximumTokenLength || !Base64Url.IsValid(token))
            throw InvalidToken();
        var bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length <= FingerprintBytes || !bytes.AsSpan(0, FingerprintBytes).SequenceEqual(fingerprint))
            throw InvalidToken();
        var key = Encoding.UTF8.GetString(bytes.AsSpan(FingerprintBytes));
        return key.Contains('\0') ? throw InvalidToken() : key;
    }

    private static PlatformException InvalidToken() =>
        Errors.InvalidArgument("page_token", "is not a token that this list gave with these filters");
}
