using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace AgentPlatform.Tests;

/// <summary>A Postgres or Redis of our own on a free loopback port, in a folder that goes away with it.</summary>
public sealed class LocalServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly string _folder;

    private LocalServerProcess(Process process, string folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    public int ProcessId => _process.Id;

    public static LocalServerProcess Postgres()
    {
        var folder = NewFolder("postgres");
        var port = FreePort();
        var data = Path.Combine(folder, "data");
        // Postgres refuses to run as root; setpriv replaces itself by the program, so a signal reaches Postgres itself.
        string[] asPostgres = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] : [];
        if (Environment.IsPrivilegedProcess)
            Finish("chown", "postgres", folder);
        Finish([.. asPostgres, Find("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]);
        // fsync is off: what a power cut does is not tested here, and a database per class is copied often.
        return Start(folder, port, [.. asPostgres, Find("postgres"), "-D", data, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=400", "-c", "shared_buffers=64MB", "-c", "log_min_messages=warning"]);
    }

    public static LocalServerProcess Redis()
    {
        var folder = NewFolder("redis");
        var port = FreePort();
        return Start(folder, port, [Find("redis-server"), "--bind", "127.0.0.1", "--port", $"{port}", "--save", "", "--appendonly", "no", "--dir", folder]);
    }

    public static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        return true;
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // SIGINT: Postgres ends its connections and stops; Redis stops.
            Finish("kill", "-INT", $"{_process.Id}");
            using var timeout = new CancellationTokenSource(StopTimeout);
            try { await _process.WaitForExitAsync(timeout.Token); }
            catch (OperationCanceledException) { _process.Kill(entireProcessTree: true); }
        }
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static LocalServerProcess Start(string folder, int port, string[] command)
    {
        // A run that is killed must not leave servers behind: the kernel ends them with the thread that started them, and
        // the shell in between lives exactly as long as the pipe from this process.
        var start = new ProcessStartInfo("sh")
        {
            RedirectStandardInput = true,
            ArgumentList = { "-c", "\"$@\" </dev/null >\"$0/log\" 2>&1 & pid=$!; trap 'kill -INT $pid' INT TERM; (cat >/dev/null; kill -INT $pid 2>/dev/null) <&3 3<&- & wait $pid; wait $pid", folder },
        };
        start.ArgumentList[1] = "exec 3<&0; " + start.ArgumentList[1];
        foreach (var part in command)
            start.ArgumentList.Add(part);
        return new LocalServerProcess(Process.Start(start)!, folder, port);
    }

    private static string NewFolder(string name)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"agentplatform-test-{name}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder, (UnixFileMode)0b111_101_101);
        return folder;
    }

    private static void Finish(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', command)}: {errors}");
        output.Dispose();
    }

    private static string Find(string program)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Concat(Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(d => $"{d}/bin") : [])
            .Concat(["/opt/homebrew/bin", "/usr/local/bin"]);
        // A link on PATH may be a wrapper that knows nothing of its neighbours, so the version's own folder wins for Postgres.
        var found = folders.Select(f => Path.Combine(f, program)).Where(File.Exists).ToList();
        return found.LastOrDefault(f => f.StartsWith("/usr/lib/postgresql", StringComparison.Ordinal)) ?? found.FirstOrDefault()
            ?? throw new InvalidOperationException($"{program} is not installed; ./test installs it, or set TEST_POSTGRES and TEST_REDIS.");
    }
}
