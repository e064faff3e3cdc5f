using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Aspire.Hosting.Local;

/// <summary>A started program, leader of a session of its own so that Ctrl-C in the terminal reaches only the AppHost.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const int SignalKill = 9;
    private const int SignalTerminate = 15;

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly LogFile _log;
    private readonly TimeProvider _clock;

    private ChildProcess(Process process, LogFile log, TimeProvider clock)
    {
        _process = process;
        _log = log;
        _clock = clock;
    }

    /// <summary>Completes with the exit code; 128 + n for an end by signal n.</summary>
    public required Task<int> Ended { get; init; }

    public IReadOnlyList<string> LastLines => _log.Tail;

    public string LogPath => _log.Path;

    public static ChildProcess Start(Launch launch, string logPath, Watchdog watchdog, TimeProvider clock)
    {
        var start = new ProcessStartInfo("setsid", [launch.Command, .. launch.Arguments])
        {
            WorkingDirectory = launch.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var inherited in start.Environment.Keys.Where(IsOurs).ToList())
        {
            start.Environment.Remove(inherited);
        }

        foreach (var (name, value) in launch.Environment)
        {
            start.Environment[name] = value;
        }

        var log = new LogFile(logPath);
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => log.Write(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => log.Write(line.Data ?? "");
        try
        {
            process.Start();
        }
        catch (Win32Exception problem)
        {
            log.Dispose();
            throw new DistributedApplicationException($"{launch.Name}: cannot be started: {problem.Message}");
        }

        watchdog.Add(process.Id, launch.IsServer);
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(process, log, clock) { Ended = WaitAsync(process, watchdog) };
    }

    /// <summary>Asks the program to end, and ends it and its children when it has not after 10 s.</summary>
    public async Task StopAsync()
    {
        Signal(_process.Id, SignalTerminate);
        try
        {
            await Ended.WaitAsync(StopTimeout, _clock);
        }
        catch (TimeoutException)
        {
            Signal(-_process.Id, SignalKill);
            await Ended.WaitAsync(StopTimeout, _clock);
        }
    }

    public void Dispose()
    {
        _process.Dispose();
        _log.Dispose();
    }

    private static async Task<int> WaitAsync(Process process, Watchdog watchdog)
    {
        var id = process.Id;
        await process.WaitForExitAsync();
        watchdog.Remove(id);
        return process.ExitCode;
    }

    /// <summary>What was meant for the AppHost or its dashboard, or is a secret that each resource must be given by name.</summary>
    private static bool IsOurs(string variable) =>
        variable is "ASPNETCORE_URLS" or "ASPNETCORE_HTTP_PORTS" or "ASPNETCORE_HTTPS_PORTS" or "DOTNET_URLS" or "DOTNET_LAUNCH_PROFILE"
        || variable.StartsWith("ASPIRE_", StringComparison.Ordinal)
        || variable.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase);

    private void Signal(int target, int signal)
    {
        // Once it has been waited for, the id may belong to another process.
        if (!Ended.IsCompleted)
        {
            _ = Kill(target, signal);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int target, int signal);
}
