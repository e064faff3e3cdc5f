namespace AgentPlatform.Feed;

/// <summary>Where things are, in the repository at <paramref name="root"/>.</summary>
internal sealed class Folders(string root)
{
    /// <summary>Everything made here; git-ignored, may be deleted at any time.</summary>
    public string Feed => Path.Combine(root, ".feed");

    /// <summary>The package source.</summary>
    public string Packages => Path.Combine(Feed, "packages");

    /// <summary>What NuGet unpacks while the feed is in use, so that no stand-in reaches the user's own cache.</summary>
    public string Cache => Path.Combine(Feed, "cache");

    /// <summary>The Aspire CLI.</summary>
    public string Aspire => Path.Combine(Feed, "aspire");

    /// <summary>The projects of the stand-ins.</summary>
    public string Standins => Path.Combine(root, "eng", "feed", "standins");

    /// <summary>The versions that the projects ask for.</summary>
    public string PackageVersions => Path.Combine(root, "Directory.Packages.props");

    /// <summary>Those that the feed overrides; copied to <see cref="Versions"/>.</summary>
    public string Overrides => Path.Combine(root, "eng", "feed", "Versions.props");

    /// <summary>Tells NuGet of <see cref="Packages"/>.</summary>
    public string NuGetConfig => Path.Combine(root, "nuget.config");

    /// <summary>What Directory.Packages.props imports if it is there.</summary>
    public string Versions => Path.Combine(Feed, "Versions.props");

    /// <summary>Says for which state of eng/feed all of this was made.</summary>
    public string Stamp => Path.Combine(Feed, "stamp");

    /// <summary>An empty folder under <see cref="Feed"/>; one left by a run that was cut short is emptied.</summary>
    public string Fresh(string name)
    {
        var folder = Path.Combine(Feed, name);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return Directory.CreateDirectory(folder).FullName;
    }

    /// <summary>Moves the folder <paramref name="source"/> to <paramref name="target"/>, in place of what is there.</summary>
    public static void Replace(string source, string target)
    {
        if (Directory.Exists(target))
        {
            Directory.Delete(target, recursive: true);
        }

        Directory.Move(source, target);
    }

    /// <summary>Writes a text file so that a reader finds the old content or the new one, never a part.</summary>
    public static async Task WriteAsync(string path, string content)
    {
        if (File.Exists(path) && await File.ReadAllTextAsync(path) == content)
        {
            return; // An untouched time stamp keeps the next build from doing everything again.
        }

        await File.WriteAllTextAsync(path + ".new", content);
        File.Move(path + ".new", path, overwrite: true);
    }
}
