using System.CommandLine;

namespace AgentPlatform.Cli;

/// <summary>The folder with everything of a platform on this machine that outlives a run. The AppHost writes it.</summary>
public sealed class DataFolder
{
    private DataFolder(string path) => Path = path;

    /// <summary>The option by which every command takes another folder than the usual one.</summary>
    public static Option<string?> NewOption() => new("--data")
    {
        HelpName = "DIR",
        Description = $"The folder with the platform's data. Unless given: AGENTPLATFORM_DATA, else {DefaultPath()}",
    };

    /// <summary>The folder that is meant: the given one, else the environment's, else the user's own. It need not exist.</summary>
    public static DataFolder Locate(string? given)
    {
        var named = string.IsNullOrEmpty(given) ? Environment.GetEnvironmentVariable("AGENTPLATFORM_DATA") : given;
        return new DataFolder(System.IO.Path.GetFullPath(string.IsNullOrEmpty(named) ? DefaultPath() : named));
    }

    public string Path { get; }

    /// <summary>The private key of the run, with which tokens are made.</summary>
    public string DevelopmentKey => Entry("development-key.pem");

    /// <summary>What the running platform says of itself.</summary>
    public string RunNote => Entry("run.json");

    /// <summary>Held by the AppHost while it runs.</summary>
    public string Lock => Entry("lock");

    /// <summary>The option that leads here, for commands that are shown to be typed; empty when none is needed.</summary>
    public string Hint => Path == Locate(null).Path ? "" : $" --data {(Path.Contains(' ', StringComparison.Ordinal) ? $"'{Path}'" : Path)}";

    public string Entry(string name) => System.IO.Path.Combine(Path, name);

    // As the AppHost decides it too.
    private static string DefaultPath()
    {
        if (Environment.IsPrivilegedProcess)
            return "/var/lib/agentplatform";
        var shared = Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } xdg ? xdg
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        return System.IO.Path.Combine(shared, "agentplatform");
    }
}
