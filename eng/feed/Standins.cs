using System.Xml.Linq;

namespace AgentPlatform.Feed;

/// <summary>Packs <c>standins/&lt;PackageId&gt;/&lt;PackageId&gt;.csproj</c>.</summary>
internal sealed class Standins(Folders folders, string version)
{
    /// <summary>All stand-ins, as the packages that they become.</summary>
    public IReadOnlyList<PackageId> All { get; } =
    [
        .. Directory.EnumerateDirectories(folders.Standins)
            .Select(folder => Path.GetFileName(folder))
            .Where(id => File.Exists(Project(folders, id)))
            .Order(StringComparer.Ordinal)
            .Select(id => new PackageId(id, version)),
    ];

    /// <summary>Builds all of them in one go and puts the packages into the feed.</summary>
    public async Task PackAsync()
    {
        // One solution: the projects depend on one another, and a build each would take several times as long.
        var solution = Path.Combine(folders.Feed, "standins.slnx");
        var content = new XElement("Solution",
            All.Select(package => new XElement("Project", new XAttribute("Path", Project(folders, package.Id)))));
        await File.WriteAllTextAsync(solution, content.ToString());

        var output = folders.Fresh("standins");
        var result = await Command.RunAsync(
            folders.Feed, null, "dotnet", "pack", solution, "-c", "Release", "-o", output, $"-p:Version={version}", "-v", "quiet", "--nologo");
        if (result.ExitCode != 0)
        {
            throw new FeedException($"the stand-ins do not build: {Command.FirstError(result.Output)}");
        }

        foreach (var package in All)
        {
            var file = Path.Combine(output, package.FileName);
            if (!File.Exists(file))
            {
                throw new FeedException($"the stand-in {package.Id} made no {package.FileName}");
            }

            File.Move(file, Path.Combine(folders.Packages, package.FileName), overwrite: true);
        }

        Directory.Delete(output, recursive: true);
    }

    private static string Project(Folders folders, string id) => Path.Combine(folders.Standins, id, $"{id}.csproj");
}
