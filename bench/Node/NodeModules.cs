using System.ComponentModel;
using System.Diagnostics;
using AgentPlatform.Cli;

namespace AgentPlatform.Bench.Node;

/// <summary>A folder of the repository with programs for Node, and what its lock file names, installed there.</summary>
/// <param name="path">The folder, by parts below the repository's root.</param>
public sealed class NodeModules(params string[] path)
{
    private const string Manifest = "package-lock.json";
    private const int LinesShown = 5;
    private static readonly TimeSpan InstallTimeout = TimeSpan.FromMinutes(5);

    // Two that install into one folder at once take each other's files away.
    private static readonly SemaphoreSlim Installing = new(1, 1);

    /// <summary>The benchmarks' peers.</summary>
    public static NodeModules Peers { get; } = new("bench", "peers");

    /// <summary>Where it is.</summary>
    public string Folder { get; } = Path.Combine([Repository.Find().Root, .. path]);

    /// <summary>Installs what the lock file names, unless it is there; why that cannot be, or null when all is well.</summary>
    public async Task<string?> InstallAsync()
    {
        if (await RunAsync("node", "--version") is { } noNode)
            return $"node is needed, version 20 or later: {noNode}";
        await Installing.WaitAsync();
        try { return IsInstalled() || await RunAsync("npm", "ci") is not { } failure ? null : $"npm ci in {Folder}: {failure}"; }
        finally { Installing.Release(); }
    }

    // npm leaves a copy of what it has installed; an older one is of another lock file.
    private bool IsInstalled()
    {
        var installed = Path.Combine(Folder, "node_modules", $".{Manifest}");
        return File.Exists(installed) && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(Path.Combine(Folder, Manifest));
    }

    private async Task<string?> RunAsync(string program, string argument)
    {
        var start = new ProcessStartInfo(program, [argument]) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            using var timeout = new CancellationTokenSource(InstallTimeout);
            var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(timeout.Token), process.StandardError.ReadToEndAsync(timeout.Token));
            await process.WaitForExitAsync(timeout.Token);
            return process.ExitCode == 0 ? null : BeginningOf(string.Concat(output));
        }
        // Not installed.
        catch (Win32Exception e) { return e.Message; }
    }

    // npm follows the reason with pages of help, and may begin with warnings about its own settings.
    private static string BeginningOf(string output) => string.Join(
        ' ', output.Split('\n').Where(l => l.Length > 0 && !l.StartsWith("npm warn", StringComparison.Ordinal)).Take(LinesShown));
}
