using System.Xml.Linq;
using AgentPlatform.Feed;

// Called by 'ensure', with the repository's root and the stamp to leave when everything is made.
var folders = new Folders(Path.GetFullPath(args[0]));
try
{
    await MakeAsync();
    await Folders.WriteAsync(folders.Stamp, args[1]);
    return 0;
}
catch (Exception exception) when (exception is FeedException or IOException or UnauthorizedAccessException)
{
    // A full disk or a folder of somebody else says enough by itself; anything else is a bug, and shows its stack.
    Console.Error.WriteLine($"feed: {exception.Message}");
    return 1;
}

async Task MakeAsync()
{
    var version = AspireVersion();
    var config = new NuGetConfig(folders);
    var nuget = new OrdinaryNuGet(folders);
    if (!config.IsOurs())
    {
        Progress.Say($"asking NuGet for Aspire {version}");
        if (await nuget.HasAspireAsync(version))
        {
            Progress.Say("it is there: the ordinary packages will be used");
            return;
        }

        Progress.Say("it is not there: making a local feed in .feed");
    }

    if (Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } shared)
    {
        throw new FeedException($"unset NUGET_PACKAGES: it would mix the local feed's packages into {shared}, which other work uses");
    }

    var aspire = new AspireCli(folders);
    await aspire.EnsureAsync(version);

    var genuine = GenuinePackages.Of(SingleFileBundle.Open(aspire.Managed));
    Progress.Say($"packing {genuine.Count} packages from the Aspire CLI");
    Directory.CreateDirectory(folders.Packages);
    genuine.ForEach(package => package.WriteTo(folders.Packages));

    var standins = new Standins(folders, version);
    List<PackageId> all = [.. genuine.Select(package => package.Id), .. standins.All];
    RemoveAllBut(all);
    PackageCache.EvictStale(folders, genuine.Select(package => package.Id));
    await config.WriteAsync(await nuget.SourcesAsync(NuGetConfig.SourceName), all.Select(package => package.Id));
    await Folders.WriteAsync(folders.Versions, await File.ReadAllTextAsync(folders.Overrides));

    Progress.Say($"packing {standins.All.Count} stand-ins");
    await standins.PackAsync();
    PackageCache.EvictStale(folders, standins.All);
    Progress.Say("the local feed is ready");
}

// The one that the projects ask for, so that the feed never offers another.
string AspireVersion() => XDocument.Load(folders.PackageVersions).Descendants("AspireVersion").FirstOrDefault()?.Value
    ?? throw new FeedException($"{folders.PackageVersions} does not set AspireVersion");

// Of an older state of eng/feed.
void RemoveAllBut(List<PackageId> wanted)
{
    var names = wanted.Select(package => package.FileName).ToHashSet();
    foreach (var file in Directory.EnumerateFiles(folders.Packages).Where(file => !names.Contains(Path.GetFileName(file))))
    {
        File.Delete(file);
    }
}
