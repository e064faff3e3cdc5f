using System.ComponentModel;
using System.Diagnostics;

namespace AgentPlatform.Feed;

/// <summary>Runs a program to its end.</summary>
internal static class Command
{
    // Longer than the slowest honest step (npm fetching 50 MB over a poor line), short enough to end a hang.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs <paramref name="program"/> in <paramref name="folder"/> and returns what it said.</summary>
    /// <exception cref="FeedException">The program is not installed, or did not end within five minutes.</exception>
    public static async Task<CommandResult> RunAsync(
        string folder, IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Start(start);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new FeedException($"'{program} {string.Join(' ', arguments)}' did not end within {Limit.TotalMinutes} minutes");
        }

        return new CommandResult(process.ExitCode, await output + await error);
    }

    /// <summary>The line of <paramref name="output"/> that most likely says what went wrong.</summary>
    public static string FirstError(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.FirstOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase))
            ?? lines.LastOrDefault()
            ?? "it said nothing";
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            throw new FeedException($"'{start.FileName}' is needed and not installed, or not on PATH");
        }
    }
}
