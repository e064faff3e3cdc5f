using System.Diagnostics;
using System.Text;

namespace AgentPlatform.Vault.Forms;

/// <summary>
/// Runs a program of poppler's on a file's bytes, which come by its standard input: it never learns a path. It gets no environment (there are secrets in this one's), may write
/// no file, and is ended with its children when it takes too long or says too much.
/// </summary>
internal sealed class PdfProgram(VaultSettings settings, TimeProvider clock)
{
    private const int OutputMaximumBytes = 1_000_000;

    // 126 and 127 are the shell's own: it could not start the program.
    private const int CannotStart = 126;
    private const int NotFound = 127;

    // In KiB, seconds and blocks. A shell that cannot set one of them must not run the program without.
    private const string Limited = "ulimit -c 0 && ulimit -v 1048576 && ulimit -t 30 && ulimit -f 0 && exec \"$@\"";

    public async Task<(PdfOutcome Outcome, string Output)> RunAsync(string program, string[] arguments, ReadOnlyMemory<byte> file, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Limited, "sh", program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin";
        start.Environment["LC_ALL"] = "C.UTF-8";
        using var limit = new CancellationTokenSource(settings.FormTimeLimit, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var process = Process.Start(start)!;
        try
        {
            var feeding = FeedAsync(process, file, stop.Token);
            // What it complains of is of no use to a caller; unread, it would block.
            var complaining = process.StandardError.BaseStream.CopyToAsync(Stream.Null, stop.Token);
            var (output, isWhole) = await ReadAsync(process.StandardOutput.BaseStream, stop.Token);
            if (!isWhole)
                return (PdfOutcome.Done, output);
            await Task.WhenAll(feeding, complaining, process.WaitForExitAsync(stop.Token)).WaitAsync(stop.Token);
            return (OutcomeOf(process.ExitCode), output);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (PdfOutcome.GivenUp, "");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static PdfOutcome OutcomeOf(int exitCode) => exitCode switch
    {
        0 => PdfOutcome.Done,
        CannotStart or NotFound => PdfOutcome.Missing,
        // By a signal: the limit of processor time, or memory that it could not get.
        > 128 => PdfOutcome.GivenUp,
        _ => PdfOutcome.Failed,
    };

    private static async Task FeedAsync(Process process, ReadOnlyMemory<byte> file, CancellationToken stop)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(file, stop);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It did not want all of it; its exit code says why.
        }
    }

    private static async Task<(string Text, bool IsWhole)> ReadAsync(Stream output, CancellationToken stop)
    {
        var (buffer, length) = (new byte[OutputMaximumBytes], 0);
        while (length < buffer.Length && await output.ReadAsync(buffer.AsMemory(length), stop).AsTask().WaitAsync(stop) is var count and > 0)
            length += count;
        return (Encoding.UTF8.GetString(buffer, 0, length), length < buffer.Length);
    }
}
