using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AgentPlatform.Cli;

/// <summary>The AppHost, as a child of this process. What it says is passed on, line by line.</summary>
public sealed class AppHostProcess : IDisposable
{
    private const int SignalTerminate = 15;

    // Above the AppHost's own limits: it gives each of its processes 10 s, one layer after the other.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private int _errorLines;

    private AppHostProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Completes with the exit code.</summary>
    public required Task<int> Ended { get; init; }

    /// <summary>Whether it has said itself what is wrong.</summary>
    public bool HasComplained => Volatile.Read(ref _errorLines) > 0;

    public static AppHostProcess Start(Repository repository, IEnumerable<string> arguments, Action<string> say)
    {
        if (!File.Exists(repository.AppHostProgram))
            throw new CliException($"{repository.AppHostProgram} is not built; ./run builds it");

        var start = new ProcessStartInfo("dotnet", [repository.AppHostProgram, .. arguments])
        {
            WorkingDirectory = repository.AppHostFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        LaunchProfile.Read(repository.LaunchSettings).AddTo(start.Environment);

        var process = new Process { StartInfo = start };
        var host = new AppHostProcess(process) { Ended = RunAsync(process) };
        process.OutputDataReceived += (_, line) => { if (!string.IsNullOrWhiteSpace(line.Data)) say(line.Data); };
        process.ErrorDataReceived += (_, line) => host.Complain(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Asks it to stop everything in order, and waits; ends it hard when it takes too long or the person insists.</summary>
    public async Task StopAsync(Task insisting)
    {
        // Ctrl-C has reached it too, being of our process group; a second request to stop changes nothing.
        if (!_process.HasExited)
            _ = Kill(_process.Id, SignalTerminate);
        if (await Task.WhenAny(Ended, insisting, Task.Delay(StopTimeout)) == Ended)
            return;
        _process.Kill();
        await Ended;
    }

    public void Dispose() => _process.Dispose();

    private void Complain(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;
        Interlocked.Increment(ref _errorLines);
        Console.Error.WriteLine(line);
    }

    private static Task<int> RunAsync(Process process)
    {
        process.Start();
        return EndAsync();

        async Task<int> EndAsync()
        {
            // Until its output has been read to the end, too.
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
