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
        // fsync is off: what a power cut does is not tested here, and a database per class is copied often.
        string[] tuning = ["-c", "fsync=off", "-c", "max_connections=400", "-c", "shared_buffers=64MB", "-c", "log_min_messages=warning"];
        if (Find("initdb") is not { } initdb)
            return Start(folder, port, [.. Container(port, 5432, "POSTGRES_HOST_AUTH_METHOD=trust"), "docker.io/library/postgres:18.3", .. tuning]);

        var data = Path.Combine(folder, "data");
        // Postgres refuses to run as root; setpriv replaces itself by the program, so a signal reaches Postgres itself.
        string[] asPostgres = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] : [];
        if (Environment.IsPrivilegedProcess)
            await FinishAsync("chown", "postgres", folder);
        await FinishAsync([.. asPostgres, initdb, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]);
        return Start(folder, port, [.. asPostgres, Path.Combine(Path.GetDirectoryName(initdb)!, "postgres"), "-D", data, "-p", $"{port}",
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", .. tuning]);
    }

    public static LocalServerProcess Redis()
    {
        var folder = NewFolder("redis");
        var port = FreePort();
        string[] cacheOnly = ["--save", "", "--appendonly", "no"];
        return Find("redis-server") is { } redis
            ? Start(folder, port, [redis, "--bind", "127.0.0.1", "--port", $"{port}", "--dir", folder, .. cacheOnly])
            : Start(folder, port, [.. Container(port, 6379, "LANG=C"), "docker.io/library/redis:8.2", "redis-server", .. cacheOnly]);
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

    // In the foreground, so that the signal which ends it reaches the server, and removed when it ends.
    private static string[] Container(int port, int inside, string environment) =>
        [Find("docker") ?? Find("podman") ?? throw new InvalidOperationException("There are neither local servers nor containers; ./test installs them, or set TEST_POSTGRES and TEST_REDIS."),
            "run", "--rm", "-p", $"127.0.0.1:{port}:{inside}", "-e", environment];

    // Postgres by its versions' own folders first: what stands on PATH may be a link that knows nothing of its neighbours.
    private static string? Find(string program) =>
        (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(d => $"{d}/bin") : [])
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
