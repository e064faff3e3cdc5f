using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace AgentPlatform.Bench.Chaos;

/// <summary>Servers as plain programs of this machine: where they are, and folders and ports for them.</summary>
public static class LocalPrograms
{
    // Below the ports that the system gives to outgoing connections: while a server is down, none of them can take its port.
    private const int FirstPort = 18_000;
    private const int LastPort = 32_000;
    private const UnixFileMode ReadableByAll = (UnixFileMode)0b111_101_101;

    /// <summary>Whether Postgres and Redis are installed here.</summary>
    public static bool AreInstalled => OperatingSystem.IsLinux() && Find("initdb") is not null && Find("redis-server") is not null;

    /// <summary>The file of a program, or null.</summary>
    // Postgres by its versions' own folders first: what stands on PATH may be a link that knows nothing of its neighbours.
    public static string? Find(string program) =>
        (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(d => $"{d}/bin") : [])
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')).Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>A loopback port at which nobody listens, and which stays its server's through restarts.</summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(FirstPort, LastPort);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            // Somebody has it; the next one, then.
            catch (SocketException) { }
        }
    }

    /// <summary>Whether somebody listens at a loopback port.</summary>
    public static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException) { return false; }
    }

    /// <summary>A new folder below the system's temporary one; readable by others, since Postgres may have to run as a user of its own.</summary>
    public static string NewFolder(string name)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"agentplatform-{name}-{Guid.NewGuid():N}");
        return OperatingSystem.IsWindows()
            ? throw new PlatformNotSupportedException("Servers are not started on Windows.")
            : Directory.CreateDirectory(folder, ReadableByAll).FullName;
    }

    /// <summary>Makes a new Postgres cluster in a folder, trusting everybody on loopback; gives back the command that serves it at a port.</summary>
    public static async Task<IReadOnlyList<string>> PreparePostgresAsync(string folder, int port)
    {
        var initdb = Find("initdb") ?? throw new InvalidOperationException("Postgres is not installed; ./test installs it.");
        var data = Path.Combine(folder, "data");
        // Postgres refuses to run as root; setpriv replaces itself by the program, so a signal reaches Postgres itself.
        string[] asPostgres = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] : [];
        if (Environment.IsPrivilegedProcess)
            await FinishAsync("chown", "postgres", folder);
        await FinishAsync([.. asPostgres, initdb, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]);
        return [.. asPostgres, Path.Combine(Path.GetDirectoryName(initdb)!, "postgres"), "-D", data, "-p", $"{port}",
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "shared_buffers=64MB", "-c", "log_min_messages=warning"];
    }

    /// <summary>The command that serves a Redis which keeps nothing on disk.</summary>
    public static IReadOnlyList<string> Redis(string folder, int port) =>
        [Find("redis-server") ?? throw new InvalidOperationException("Redis is not installed; ./test installs it."),
            "--bind", "127.0.0.1", "--port", $"{port}", "--dir", folder, "--save", "", "--appendonly", "no"];

    /// <summary>Runs a command to its end; an <see cref="InvalidOperationException"/> with what it said when it fails.</summary>
    public static async Task FinishAsync(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', command)}: {string.Concat(output)}");
    }
}
