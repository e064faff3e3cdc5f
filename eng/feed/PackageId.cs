namespace AgentPlatform.Feed;

/// <summary>A package by name and version.</summary>
internal sealed record PackageId(string Id, string Version)
{
    /// <summary>The name of its file in a package source that is a folder.</summary>
    public string FileName => $"{Id}.{Version}.nupkg";

    /// <summary>Reads <c>Name/1.2.3</c>.</summary>
    public static PackageId Parse(string text)
    {
        var slash = text.IndexOf('/');
        return new PackageId(text[..slash], text[(slash + 1)..]);
    }
}
