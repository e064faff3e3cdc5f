using AgentPlatform.Bench.Chaos;

namespace AgentPlatform.Tests;

/// <summary>A Postgres or Redis of our own on a free loopback port, in a folder that goes away with it.</summary>
public sealed class LocalServerProcess : IAsyncDisposable
{
    private readonly ServerProcess _server;
    private readonly string _folder;

    private LocalServerProcess(ServerProcess server, string folder, int port) => (_server, _folder, Port) = (server, folder, port);

    public int Port { get; }

    public static async Task<LocalServerProcess> PostgresAsync()
    {
        var (folder, port) = (LocalPrograms.NewFolder("test-postgres"), FreePort());
        // fsync is off: what a power cut does is not tested here, and a database per class is copied often.
        string[] tuning = ["-c", "fsync=off", "-c", "max_connections=400", "-c", "log_min_messages=warning"];
        return await StartAsync("postgres", folder, port, LocalPrograms.Find("initdb") is null
            ? [.. Container(port, 5432, "POSTGRES_HOST_AUTH_METHOD=trust"), "docker.io/library/postgres:18.3", .. tuning]
            : [.. await LocalPrograms.PreparePostgresAsync(folder, port), .. tuning]);
    }

    public static async Task<LocalServerProcess> RedisAsync()
    {
        var (folder, port) = (LocalPrograms.NewFolder("test-redis"), FreePort());
        return await StartAsync("redis", folder, port, LocalPrograms.Find("redis-server") is null
            ? [.. Container(port, 6379, "LANG=C"), "docker.io/library/redis:8.2", "redis-server", "--save", "", "--appendonly", "no"]
            : LocalPrograms.Redis(folder, port));
    }

    public static Task<bool> ListensAsync(int port) => LocalPrograms.ListensAsync(port);

    public static int FreePort() => LocalPrograms.FreePort();

    /// <summary>Stops the server and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    // Ended as by Ctrl-C: a client of containers passes that on, where a kill would leave the container behind.
    private static async Task<LocalServerProcess> StartAsync(string name, string folder, int port, IReadOnlyList<string> command)
    {
        var server = new ServerProcess(name, command, Path.Combine(folder, "log"), Signal.Interrupt);
        await server.StartAsync();
        return new LocalServerProcess(server, folder, port);
    }

    // In the foreground, so that the signal which ends it reaches the server, and removed when it ends.
    private static string[] Container(int port, int inside, string environment) =>
        [LocalPrograms.Find("docker") ?? LocalPrograms.Find("podman") ?? throw new InvalidOperationException("There are neither local servers nor containers; ./test installs them, or set TEST_POSTGRES and TEST_REDIS."),
            "run", "--rm", "-p", $"127.0.0.1:{port}:{inside}", "-e", environment];
}
