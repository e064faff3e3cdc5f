namespace AgentPlatform.Cli;

/// <summary>The repository in which this program was built: <c>up</c> starts the AppHost that was built beside it.</summary>
public sealed record Repository(string Root, string Configuration, string Framework)
{
    /// <summary>The repository, by this program's own place in it: ROOT/cli/bin/CONFIGURATION/FRAMEWORK.</summary>
    public static Repository Find()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        return output is { Parent: { Parent.Parent.Parent: { } root } configuration } && File.Exists(Path.Combine(root.FullName, "AgentPlatform.sln"))
            ? new Repository(root.FullName, configuration.Name, output.Name)
            : throw new CliException("'up' works from a clone of the repository only, by ./run there; elsewhere see docs/configuration.md");
    }

    public string AppHostFolder => Path.Combine(Root, "AppHost");

    /// <summary>The built AppHost.</summary>
    public string AppHostProgram => Path.Combine(AppHostFolder, "bin", Configuration, Framework, "AppHost.dll");

    /// <summary>How `dotnet run` would start it: dashboard, telemetry, environment.</summary>
    public string LaunchSettings => Path.Combine(AppHostFolder, "Properties", "launchSettings.json");
}
