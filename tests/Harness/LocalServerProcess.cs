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

    public static async Task<LocalServerProcess> PostgresAsync()
    {
        var folder = NewFolder("postgres");
        var port = FreePort();
        var data = Path.Combine(folder, "data");
        // Postgres refuses to run as root; setpriv replaces itself by the program, so a signal reaches Postgres itself.
        string[] asPostgres = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] : [];
        if (Environment.IsPrivilegedProcess)
            await FinishAsync("chown", "postgres", folder);
        await FinishAsync([.. asPostgres, Find("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]);
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

    /// <summary>Stops the server and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(StopTimeout);
        try { await _process.WaitForExitAsync(timeout.Token); }
        catch (OperationCanceledException) { _process.Kill(entireProcessTree: true); }
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // The server lives exactly as long as the pipe from this process: closed on purpose or by a kill, it ends the server.
    private const string Keeper = """
        exec 3<&0
        "$@" </dev/null >"$0/log" 2>&1 3<&- &
        server=$!
        (cat <&3 >/dev/null; kill -INT $server 2>/dev/null) &
        exec 3<&-
        wait $server
        """;

    private static LocalServerProcess Start(string folder, int port, string[] command)
    {
        var start = new ProcessStartInfo("sh", ["-c", Keeper, folder, .. command]) { RedirectStandardInput = true };
        return new LocalServerProcess(Process.Start(start)!, folder, port);
    }

    private static string NewFolder(string name)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"agentplatform-test-{name}-{Guid.NewGuid():N}");
        // Readable by others, since Postgres may have to run as a user of its own.
        return OperatingSystem.IsWindows()
            ? throw new PlatformNotSupportedException("On Windows set TEST_POSTGRES and TEST_REDIS.")
            : Directory.CreateDirectory(folder, (UnixFileMode)0b111_101_101).FullName;
    }

    private static async Task FinishAsync(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', command)}: {string.Concat(output)}");
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
