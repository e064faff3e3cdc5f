using System.IO.Enumeration;

namespace AgentPlatform.Vault;

/// <summary>
/// A pattern of paths: <c>*</c> is any characters within a part, <c>?</c> one, and a part <c>**</c> any number of parts, none as well. It is matched against whole
/// paths, part by part, in time of at most the product of both lengths.
/// </summary>
public sealed class PathPattern(string text)
{
    private const string AnyParts = "**";

    private readonly string[] _parts = text.Split('/');

    public override string ToString() => text;

    /// <summary>Whether <c>**</c> stands alone wherever it stands.</summary>
    public static bool IsWellFormed(string text) => text.Split('/').All(part => part == AnyParts || !part.Contains(AnyParts, StringComparison.Ordinal));

    public bool Matches(string path) => Matches(path.Split('/'), ignoreCase: false);

    /// <summary>Whether it would match on a file system to which the case of letters means nothing: for what must not be evaded.</summary>
    public bool MatchesInAnyCase(string path) => Matches(path.Split('/'), ignoreCase: true);

    /// <summary>Whether paths in this folder, which is written with its "/" at the end, can match.</summary>
    public bool MayMatchBelow(string folder)
    {
        var parts = folder.Split('/')[..^1];
        for (var i = 0; i < parts.Length; i++)
        {
            if (i == _parts.Length)
                return false;
            if (_parts[i] == AnyParts)
                return true;
            if (!IsPart(_parts[i], parts[i], ignoreCase: false))
                return false;
        }
        return parts.Length < _parts.Length;
    }

    // Of several "**", only the last one met needs to be tried again: what the ones before it took need not change.
    private bool Matches(string[] path, bool ignoreCase)
    {
        var (at, here) = (0, 0);
        var (retryAt, retryHere) = (-1, 0);
        while (here < path.Length)
        {
            if (at < _parts.Length && _parts[at] == AnyParts)
                (retryAt, retryHere) = (at++, here);
            else if (at < _parts.Length && IsPart(_parts[at], path[here], ignoreCase))
                (at, here) = (at + 1, here + 1);
            else if (retryAt >= 0)
                (at, here) = (retryAt + 1, ++retryHere);
            else
                return false;
        }
        return _parts.AsSpan(at).IndexOfAnyExcept(AnyParts) < 0;
    }

    private static bool IsPart(string pattern, string part, bool ignoreCase) => FileSystemName.MatchesSimpleExpression(pattern, part, ignoreCase);
}
