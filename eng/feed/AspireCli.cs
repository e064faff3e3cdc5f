namespace AgentPlatform.Feed;

/// <summary>
/// The Aspire CLI that npm ships: its managed part carries the assemblies that the partial NuGet copies lack, and
/// its dashboard is the one that the platform starts. It lands in <c>.feed/aspire</c>.
/// </summary>
internal sealed class AspireCli(Folders folders)
{
    private const string Package = "@microsoft/aspire-cli-linux-x64";

    /// <summary>The program that carries the assemblies.</summary>
    public string Managed => Path.Combine(folders.Aspire, "bundle", "managed", "aspire-managed");

    /// <summary>Installs and unpacks the CLI of <paramref name="version"/>, unless it is there.</summary>
    public async Task EnsureAsync(string version)
    {
        var marker = Path.Combine(folders.Aspire, "version");
        if (File.Exists(marker) && await File.ReadAllTextAsync(marker) == version && File.Exists(Managed))
        {
            return;
        }

        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            throw new FeedException($"NuGet lacks Aspire {version} here, and the local feed that replaces it can be made on 64-bit Linux only");
        }

        Progress.Say($"installing {Package} {version} from npm");
        var work = folders.Fresh("npm");
        await InstallAsync(work, version);

        Progress.Say("unpacking it");
        var target = folders.Fresh("aspire.new");
        var program = Path.Combine(target, "bin", "aspire");
        Directory.CreateDirectory(Path.GetDirectoryName(program)!);
        File.Move(Path.Combine(work, "node_modules", Package, "bin", "aspire"), program);
        // It unpacks beside its own folder, and ties itself to it by a link with the absolute path: so it is moved
        // to its final place first, and only the marker at the end says that all of it is there.
        Folders.Replace(target, folders.Aspire);
        await UnpackAsync();
        await File.WriteAllTextAsync(marker, version);
        Directory.Delete(work, recursive: true);
    }

    private static async Task InstallAsync(string work, string version)
    {
        // A package.json of its own keeps npm from walking up and installing into a folder above.
        await File.WriteAllTextAsync(Path.Combine(work, "package.json"), """{ "private": true }""");
        var result = await Command.RunAsync(
            work, null, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", $"{Package}@{version}");
        if (result.ExitCode != 0)
        {
            throw new FeedException($"npm cannot install {Package}@{version}: {Command.FirstError(result.Output)}");
        }
    }

    private async Task UnpackAsync()
    {
        var environment = new Dictionary<string, string>
        {
            // It keeps logs and caches under the home folder; the user's own is not ours to write to.
            ["HOME"] = folders.Fresh("aspire-home"),
            // Besides being unwanted, telemetry makes it unpack everything a second time, into the home folder.
            ["ASPIRE_CLI_TELEMETRY_OPTOUT"] = "1",
        };
        var program = Path.Combine(folders.Aspire, "bin", "aspire");
        var result = await Command.RunAsync(folders.Aspire, environment, program, "setup", "--non-interactive", "--nologo");
        if (result.ExitCode != 0 || !File.Exists(Managed))
        {
            throw new FeedException($"'aspire setup' failed: {Command.FirstError(result.Output)}");
        }

        Directory.Delete(environment["HOME"], recursive: true);
    }
}
