namespace AgentPlatform.Feed;

/// <summary>What the person's own NuGet sources can give.</summary>
internal sealed class OrdinaryNuGet(Folders folders)
{
    // Where Aspire is, everything else is: the partial copies lack it first of all.
    private const string Witness = "Aspire.AppHost.Sdk";

    // NuGet's codes for "the sources answered, and none has it".
    private static readonly string[] Missing = ["NU1101", "NU1102", "NU1103"];

    /// <summary>Tells whether Aspire of <paramref name="version"/> can be restored.</summary>
    /// <exception cref="FeedException">The sources do not answer, so that nothing is known.</exception>
    public async Task<bool> HasAspireAsync(string version)
    {
        var folder = folders.Fresh("probe");
        // The files beside it keep out the settings of the folders above.
        await File.WriteAllTextAsync(Path.Combine(folder, "Directory.Build.props"), "<Project />");
        await File.WriteAllTextAsync(Path.Combine(folder, "Directory.Packages.props"), "<Project />");
        await File.WriteAllTextAsync(Path.Combine(folder, "Probe.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup><PackageDownload Include="{Witness}" Version="[{version}]" /></ItemGroup>
            </Project>
            """);
        var result = await Command.RunAsync(folder, null, "dotnet", "restore", "-v", "quiet");
        Directory.Delete(folder, recursive: true);
        if (result.ExitCode == 0)
        {
            return true;
        }

        return Missing.Any(code => result.Output.Contains(code, StringComparison.Ordinal))
            ? false
            : throw new FeedException($"cannot tell whether NuGet has {Witness} {version}: {Command.FirstError(result.Output)}");
    }

    /// <summary>The names of the enabled package sources, without <paramref name="own"/>.</summary>
    public async Task<List<string>> SourcesAsync(string own)
    {
        var result = await Command.RunAsync(folders.Feed, null, "dotnet", "nuget", "list", "source");
        // Lines such as "  1.  NAME [Enabled]", each followed by the address.
        const string Enabled = " [Enabled]";
        var names = result.Output.Split('\n', StringSplitOptions.TrimEntries)
            .Where(line => line.EndsWith(Enabled, StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf('.') + 1)..^Enabled.Length].Trim())
            .Where(name => name != own)
            .ToList();
        return names.Count > 0 ? names : throw new FeedException("NuGet has no enabled package source; see 'dotnet nuget list source'");
    }
}
