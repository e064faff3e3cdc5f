using System.ComponentModel;
using System.Diagnostics;

namespace AgentPlatform.AppHost;

/// <summary>Programs that are run to their end before the platform starts.</summary>
internal static class Command
{
    /// <summary>Runs a program with a text as its input. Fails with <see cref="Win32Exception"/> when there is no such program.</summary>
    public static async Task<CommandResult> RunAsync(IEnumerable<string> command, string input = "", CancellationToken cancellationToken = default)
    {
        var start = new ProcessStartInfo(command.First(), command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Readable for whatever user the program runs as.
            WorkingDirectory = "/",
        };
        using var process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return new CommandResult(process.ExitCode, await output + await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Whether a program is there and ends well within a time.</summary>
    public static async Task<bool> SucceedsAsync(string program, string[] arguments, TimeSpan timeout)
    {
        using var patience = new CancellationTokenSource(timeout);
        try
        {
            return (await RunAsync([program, .. arguments], cancellationToken: patience.Token)).ExitCode == 0;
        }
        catch (Exception problem) when (problem is Win32Exception or OperationCanceledException)
        {
            // Missing, or hanging: no either way.
            return false;
        }
    }

    /// <summary>The path of a program, looked up in PATH and then in further folders; null when it is nowhere.</summary>
    public static string? Find(string program, IEnumerable<string>? elsewhere = null) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(elsewhere ?? [])
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}
