using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AgentPlatform.Bench.Chaos;

/// <summary>
/// A server that can be frozen, killed and started again, and that never outlives this process: it lives as long as a pipe from
/// here, which the kernel closes should this process be killed.
/// </summary>
/// <param name="name">What people call it.</param>
/// <param name="command">The program and its arguments.</param>
/// <param name="log">The file that gets its output, of all its lives.</param>
/// <param name="atTheEnd">How it is ended by <see cref="DisposeAsync"/>, or when this process is gone.</param>
public sealed class ServerProcess(string name, IReadOnlyList<string> command, string log, Signal atTheEnd = Signal.Kill) : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(15);

    // The shell waits for the server; beside it somebody waits for the end of the pipe. A server frozen by a signal, or with
    // frozen children as Postgres may have, would not hear that it shall end, so it is let go on first.
    private const string Keeper = """
        log=$0 signal=$1
        shift
        exec 3<&0
        "$@" </dev/null >>"$log" 2>&1 3<&- &
        server=$!
        echo $server
        exec >/dev/null 2>&1
        (cat <&3; kill -CONT $server $(cat /proc/$server/task/$server/children); kill -$signal $server) &
        watcher=$!
        exec 3<&-
        wait $server
        status=$?
        kill $watcher
        exit $status
        """;

    private Process? _keeper;

    public string Name => name;

    /// <summary>The file with its output.</summary>
    public string Log => log;

    /// <summary>Added to this process's own environment at the next start.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>The server's process id.</summary>
    public int Id { get; private set; }

    public bool IsRunning => _keeper is { HasExited: false };

    /// <summary>Starts it; it may not be ready when this returns.</summary>
    public async Task StartAsync()
    {
        if (IsRunning)
            throw new InvalidOperationException($"{name} runs already.");
        Forget();
        var start = new ProcessStartInfo("sh", ["-c", Keeper, log, $"{(int)atTheEnd}", .. command]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (variable, value) in Environment)
            start.Environment[variable] = value;
        _keeper = Process.Start(start)!;
        Id = int.Parse(await _keeper.StandardOutput.ReadLineAsync() ?? "", CultureInfo.InvariantCulture);
    }

    /// <summary>Sends a signal to it alone; nothing when it has ended.</summary>
    public void Send(Signal signal)
    {
        if (IsRunning)
            Send(Id, signal);
    }

    /// <summary>Sends a signal to it and to the processes that it has started, as Postgres does for each connection.</summary>
    public void SendToAll(Signal signal)
    {
        // Itself first, so that a frozen server makes no further child meanwhile.
        Send(signal);
        var children = $"/proc/{Id}/task/{Id}/children";
        foreach (var child in File.Exists(children) ? File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries) : [])
            Send(int.Parse(child, CultureInfo.InvariantCulture), signal);
    }

    /// <summary>Ends it at once.</summary>
    public async Task KillAsync()
    {
        Send(Signal.Kill);
        await WaitForExitAsync();
    }

    /// <summary>Asks it to stop, and waits; gives back its exit code.</summary>
    public Task<int> TerminateAsync()
    {
        Send(Signal.Terminate);
        return WaitForExitAsync();
    }

    /// <summary>Waits until it has ended; gives back its exit code, 128 and the signal's number for one that a signal ended.</summary>
    public async Task<int> WaitForExitAsync()
    {
        if (_keeper is null)
            throw new InvalidOperationException($"{name} was never started.");
        using var timeout = new CancellationTokenSource(StopTimeout);
        await _keeper.WaitForExitAsync(timeout.Token);
        return _keeper.ExitCode;
    }

    /// <summary>Ends it, whatever state it is in.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_keeper is null)
            return;
        if (IsRunning)
        {
            _keeper.StandardInput.Close();
            try { await WaitForExitAsync(); }
            catch (OperationCanceledException) { _keeper.Kill(entireProcessTree: true); }
        }
        Forget();
    }

    private void Forget()
    {
        _keeper?.Dispose();
        _keeper = null;
    }

    private static void Send(int process, Signal signal)
    {
        // That it has just ended is no error here.
        _ = NativeKill(process, (int)signal);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int NativeKill(int process, int signal);
}
