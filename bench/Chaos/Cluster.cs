using System.Net.Sockets;
using System.Text;
using AgentPlatform.Cli;
using AgentPlatform.Migrations;
using Npgsql;

namespace AgentPlatform.Bench.Chaos;

/// <summary>
/// A platform of separate processes that may be killed: Postgres and Redis of its own, two instances of Session, of Audit and of
/// Registry, and the gateway before them. All in a temporary folder and on loopback; nothing of it is left afterwards.
/// </summary>
public sealed class Cluster : IAsyncDisposable
{
    private const string Database = "agentplatform";
    private const string LoginPassword = "chaos-only";
    private static readonly TimeSpan ServerTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromDays(1);

    private readonly List<ServiceProcess> _costings = [];
    private readonly string _folder;
    private readonly Repository _repository = Repository.Find();
    private readonly int _postgresPort;
    private readonly int _redisPort = LocalPrograms.FreePort();

    private Cluster(IReadOnlyList<string> postgres, string folder, int postgresPort)
    {
        (_folder, _postgresPort) = (folder, postgresPort);
        Postgres = new ServerProcess("postgres", [.. postgres, "-c", "max_connections=300"], LogOf("postgres"));
        Redis = new ServerProcess("redis", LocalPrograms.Redis(folder, _redisPort), LogOf("redis"));
        Audits = [NewService("audit", 0), NewService("audit", 1)];
        Sessions = [NewService("session", 0), NewService("session", 1)];
        Registries = [NewService("registry", 0), NewService("registry", 1)];
        Gateway = NewGateway("gateway");
    }

    /// <summary>Where its logs and data are.</summary>
    public string Folder => _folder;

    /// <summary>Whether the folder stays when the cluster goes, for somebody to look at what went wrong.</summary>
    public bool KeepsFolder { get; set; }

    /// <summary>Whose tokens the cluster trusts.</summary>
    public DevelopmentKey Key { get; } = DevelopmentKey.Create();

    public ServerProcess Postgres { get; }

    public ServerProcess Redis { get; }

    public IReadOnlyList<ServiceProcess> Sessions { get; }

    public IReadOnlyList<ServiceProcess> Audits { get; }

    public IReadOnlyList<ServiceProcess> Registries { get; }

    /// <summary>Two instances of Costing, while <see cref="StartCostingsAsync"/> has started them; the gateway does not know them.</summary>
    public IReadOnlyList<ServiceProcess> Costings => _costings;

    public ServiceProcess Gateway { get; }

    /// <summary>Where Postgres listens.</summary>
    public int PostgresPort => _postgresPort;

    /// <summary>The administrator's connection string; connections are not pooled, so that none is left of a server that was killed.</summary>
    public string Admin => $"Host=127.0.0.1;Port={_postgresPort};Username=postgres;Database={Database};Pooling=false;Timeout=5";

    private IEnumerable<ServiceProcess> Services => [.. Audits, .. Sessions, .. Registries, .. _costings, Gateway];

    /// <summary>Starts everything and waits until it is healthy.</summary>
    public static async Task<Cluster> StartAsync()
    {
        var (folder, port) = (LocalPrograms.NewFolder("chaos"), LocalPrograms.FreePort());
        var cluster = new Cluster(await LocalPrograms.PreparePostgresAsync(folder, port), folder, port);
        try
        {
            await cluster.StartPostgresAsync();
            await cluster.Redis.StartAsync();
            await new Migrator(new MigratorSettings(cluster.Admin, MigratorSettings.Services.ToDictionary(s => s, _ => LoginPassword))).RunAsync(CancellationToken.None);
            await Task.WhenAll(cluster.Services.Select(s => s.StartAsync()));
            await cluster.IsHealthyAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts two instances of Costing, unless they run: most who want a cluster do not want them.</summary>
    public async Task StartCostingsAsync()
    {
        if (_costings.Count > 0)
            return;
        _costings.AddRange([NewService("costing", 0), NewService("costing", 1)]);
        foreach (var costing in _costings)
        {
            AddAddresses(costing, "session", Sessions);
            AddNowhere(costing, "vault");
            await costing.StartAsync();
            await costing.IsHealthyAsync();
        }
    }

    /// <summary>Ends them.</summary>
    public async Task StopCostingsAsync()
    {
        foreach (var costing in _costings)
            await costing.DisposeAsync();
        _costings.Clear();
    }

    /// <summary>A bearer token of an agent.</summary>
    public string AgentToken(string id) => Key.Mint(SubjectOf(id), ["agent"], id, TokenLifetime, TimeProvider.System);

    /// <summary>The subject that an agent's token names.</summary>
    public static string SubjectOf(string agentId) => $"agent:{agentId}";

    /// <summary>A service's connection string to the database, by a port that may be a relay's.</summary>
    public string ConnectionOf(string service, int port) =>
        $"Host=127.0.0.1;Port={port};Username={service};Password={LoginPassword};Database={Database}";

    /// <summary>Starts Postgres and waits until it takes connections. While backends of a killed one are still there, it ends again at once, and is started anew.</summary>
    public async Task StartPostgresAsync()
    {
        await Waiting.UntilAsync(async () =>
        {
            if (!Postgres.IsRunning)
                await Postgres.StartAsync();
            try
            {
                await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={_postgresPort};Username=postgres;Database=postgres;Pooling=false;Timeout=5");
                await connection.OpenAsync();
                return true;
            }
            // Starting, recovering, or ended: the next look tells.
            catch (Exception e) when (e is NpgsqlException or TimeoutException) { return false; }
        }, $"Postgres takes connections; see {Postgres.Log}", ServerTimeout);
    }

    /// <summary>Empties Redis.</summary>
    public async Task FlushRedisAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", _redisPort);
        await client.GetStream().WriteAsync("FLUSHALL\r\n"u8.ToArray());
        var answer = new byte[16];
        var read = await client.GetStream().ReadAsync(answer);
        if (!Encoding.ASCII.GetString(answer, 0, read).StartsWith("+OK", StringComparison.Ordinal))
            throw new InvalidOperationException("Redis did not take FLUSHALL.");
    }

    /// <summary>Waits until every service is healthy. The gateway's own health would count services that this cluster has not.</summary>
    public Task IsHealthyAsync() => Task.WhenAll(Services.Where(s => s != Gateway).Select(s => s.IsHealthyAsync()));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Services.Select(s => s.DisposeAsync().AsTask()));
        await Redis.DisposeAsync();
        await Postgres.DisposeAsync();
        Key.Dispose();
        if (KeepsFolder)
            return;
        // Backends of Postgres end by themselves when it is gone, but not in the same moment, and may write until then.
        await Waiting.UntilAsync(() => Task.FromResult(TryDelete(_folder)), $"{_folder} is removed", ServerTimeout);
    }

    private static bool TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (IOException) { return false; }
    }

    private string LogOf(string name) => Path.Combine(_folder, $"{name}.log");

    private ServiceProcess NewService(string service, int instance)
    {
        var title = char.ToUpperInvariant(service[0]) + service[1..];
        var process = new ServiceProcess($"{service}-{instance}", ProgramOf(Path.Combine("services", title), title), _folder);
        process.Settings["ConnectionStrings__agentplatform"] = ConnectionOf(service, _postgresPort);
        process.Settings["ConnectionStrings__redis"] = $"127.0.0.1:{_redisPort}";
        process.Settings["Authentication__DevelopmentKey"] = Key.PublicKey;
        process.Settings["Identity__Token"] = Key.Mint($"service:{service}", ["service"], null, TokenLifetime, TimeProvider.System);
        if (service == "session")
            AddWebhooks(process);
        if (service == "registry")
        {
            AddShortSilence(process);
            AddAddresses(process, "session", Sessions);
        }
        if (service == "audit")
            process.Settings["Audit__SigningKey"] = Path.Combine(_folder, "signing.pem");
        else
            AddAddresses(process, "audit", Audits);
        return process;
    }

    // Receivers are on this machine, and what a dead instance had on its way comes back soon.
    private void AddWebhooks(ServiceProcess process)
    {
        process.Settings["Webhooks__KeyFile"] = Path.Combine(_folder, "webhooks.key");
        process.Settings["Webhooks__AllowHttp"] = "true";
        process.Settings["Webhooks__AllowPrivateTargets"] = "127.0.0.0/8";
        process.Settings["Webhooks__Timeout"] = "00:00:05";
        process.Settings["Webhooks__Lease"] = "00:00:10";
    }

    // An agent that lives says so each second: whoever is taken for dead within a test that kills us has been wronged.
    private static void AddShortSilence(ServiceProcess process)
    {
        process.Settings["Registry__HeartbeatInterval"] = "00:00:01";
        process.Settings["Registry__OfflineAfter"] = "00:00:20";
        process.Settings["Registry__SweepEvery"] = "00:00:00.5";
        process.Settings["Registry__OutageAfter"] = "00:00:03";
    }

    /// <summary>A gateway before the same services, not started; whoever makes one disposes of it.</summary>
    public ServiceProcess NewGateway(string name)
    {
        var gateway = new ServiceProcess(name, ProgramOf("gateway", "Gateway"), _folder);
        gateway.Settings["Authentication__DevelopmentKey"] = Key.PublicKey;
        gateway.Settings["ConnectionStrings__redis"] = $"127.0.0.1:{_redisPort}";
        // The limit is on, and out of the way: whoever measures or kills calls as fast as he can.
        foreach (var limit in new[] { "Calls", "Burst", "Machine", "Strangers" })
            gateway.Settings[$"RateLimit__{limit}"] = "100000000";
        AddAddresses(gateway, "audit", Audits);
        AddAddresses(gateway, "session", Sessions);
        AddAddresses(gateway, "registry", Registries);
        AddNowhere(gateway, "costing");
        AddNowhere(gateway, "vault");
        return gateway;
    }

    // Not part of this cluster; its callers want to know of it all the same.
    private static void AddNowhere(ServiceProcess caller, string service)
    {
        caller.Settings[$"services__{service}__grpc__0"] = $"http://127.0.0.1:{LocalPrograms.FreePort()}";
        caller.Settings[$"services__{service}__http__0"] = $"http://127.0.0.1:{LocalPrograms.FreePort()}";
    }

    private static void AddAddresses(ServiceProcess caller, string service, IReadOnlyList<ServiceProcess> instances)
    {
        for (var i = 0; i < instances.Count; i++)
        {
            caller.Settings[$"services__{service}__grpc__{i}"] = instances[i].GrpcAddress;
            caller.Settings[$"services__{service}__http__{i}"] = instances[i].HttpAddress;
        }
    }

    private string ProgramOf(string folder, string name) =>
        Path.Combine(_repository.Root, folder, "bin", _repository.Configuration, _repository.Framework, $"AgentPlatform.{name}.dll");
}
