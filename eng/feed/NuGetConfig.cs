using System.Xml.Linq;

namespace AgentPlatform.Feed;

/// <summary>The nuget.config at the root, which adds the local feed to the person's own sources.</summary>
internal sealed class NuGetConfig(Folders folders)
{
    /// <summary>The name of the local feed among the package sources.</summary>
    public const string SourceName = "agentplatform-feed";

    /// <summary>True if there is one that was made here, so that NuGet need not be asked again.</summary>
    public bool IsOurs() =>
        File.Exists(folders.NuGetConfig) && File.ReadAllText(folders.NuGetConfig).Contains(SourceName, StringComparison.Ordinal);

    /// <summary>Writes the file: <paramref name="own"/> come from the feed alone, all others from <paramref name="sources"/>.</summary>
    /// <exception cref="FeedException">There is one that was not made here.</exception>
    public Task WriteAsync(IEnumerable<string> sources, IEnumerable<string> own)
    {
        if (File.Exists(folders.NuGetConfig) && !IsOurs())
        {
            throw new FeedException($"{folders.NuGetConfig} is in the way, as eng/feed has to write one: move its content to your user-wide NuGet.Config");
        }

        // Which package comes from where must be said outright: some copies hold one of these packages, of the same
        // version, whose dependencies they lack, and NuGet would take whichever source answers first.
        var mapping = sources.Select(source => Mapping(source, ["*"])).Prepend(Mapping(SourceName, own.Order(StringComparer.Ordinal)));
        var content = new XElement("configuration",
            new XComment(" Made by eng/feed for a partial NuGet copy; delete it together with .feed to undo that. "),
            new XElement("config", Add("globalPackagesFolder", Relative(folders.Cache))),
            new XElement("packageSources", Add(SourceName, Relative(folders.Packages))),
            new XElement("packageSourceMapping", mapping));
        return Folders.WriteAsync(folders.NuGetConfig, content + Environment.NewLine);
    }

    private static XElement Mapping(string source, IEnumerable<string> patterns) => new("packageSource",
        new XAttribute("key", source),
        patterns.Select(pattern => new XElement("package", new XAttribute("pattern", pattern))));

    private static XElement Add(string key, string value) =>
        new("add", new XAttribute("key", key), new XAttribute("value", value));

    private string Relative(string folder) => Path.GetRelativePath(Path.GetDirectoryName(folders.NuGetConfig)!, folder);
}
