using System.Globalization;
using System.Net.Sockets;
using System.Text;
using AgentPlatform.Audit;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Costings;
using AgentPlatform.Registry;
using AgentPlatform.Sessions;
using AgentPlatform.Vault;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Npgsql;

namespace AgentPlatform.Tests;

/// <summary>
/// A class's own platform: a fresh database, and the services that its tests ask for, each started at first use together
/// with what it calls. Use it as a class fixture.
/// </summary>
public sealed class Platform(TestServers servers) : IAsyncLifetime
{
    private readonly Dictionary<string, IServiceHost> _hosts = [];
    private readonly List<GrpcChannel> _channels = [];
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly DirectoryInfo _vault = Directory.CreateTempSubdirectory("agentplatform-test-vault-");
    private readonly DirectoryInfo _audit = Directory.CreateTempSubdirectory("agentplatform-test-audit-");
    private string _admin = "";

    public ManualClock Clock { get; } = new();

    /// <summary>Settings beyond the usual, by service, for example ["vault"]["Vault:Root"]. Set them before the first use.</summary>
    public Dictionary<string, Dictionary<string, string>> Settings { get; } = [];

    /// <summary>Keeps what the services log, when it is set before the first use.</summary>
    public LogBook? Logs { get; set; }

    /// <summary>The folder whose files the class's vault hands out.</summary>
    public string VaultRoot => _vault.FullName;

    /// <summary>
    /// The folder with the key that signs the class's checkpoints (signing.pem), their anchor (checkpoints.ndjson), and the key of webhooks' secrets (webhooks.key).
    /// </summary>
    public string AuditFolder => _audit.FullName;

    /// <summary>The administrator's connection string to the class's database.</summary>
    public string AdminConnection => _admin;

    public async ValueTask InitializeAsync() => _admin = await servers.CloneAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels)
            channel.Dispose();
        foreach (var host in _hosts.Values.Reverse())
            await host.DisposeAsync();
        await servers.DropAsync(new NpgsqlConnectionStringBuilder(_admin).Database!);
        _vault.Delete(recursive: true);
        _audit.Delete(recursive: true);
    }

    /// <summary>A client of a service, with this token on every call; null calls without one.</summary>
    public async Task<TClient> ClientAsync<TClient>(string? token) where TClient : ClientBase<TClient>
    {
        // agentplatform.<service>.v1: the generated client's namespace names the service.
        var service = typeof(TClient).Namespace!.Split('.')[^2].ToLowerInvariant();
        return await ClientAsync<TClient>(service, token);
    }

    /// <summary>The same for a client that every service answers, such as grpc.health.v1.</summary>
    public async Task<TClient> ClientAsync<TClient>(string service, string? token) where TClient : ClientBase<TClient>
    {
        var host = await StartAsync(service);
        return Client<TClient>(host.GrpcAddress, token);
    }

    /// <summary>A client of whatever listens at an address.</summary>
    public TClient Client<TClient>(string address, string? token) where TClient : ClientBase<TClient>
    {
        var channel = GrpcChannel.ForAddress(address);
        lock (_channels)
            _channels.Add(channel);
        var invoker = token is null ? channel.CreateCallInvoker()
            : channel.Intercept(metadata => { metadata.Add("authorization", $"Bearer {token}"); return metadata; });
        return (TClient)Activator.CreateInstance(typeof(TClient), invoker)!;
    }

    /// <summary>Starts a service unless it runs.</summary>
    public async Task<IServiceHost> StartAsync(string service)
    {
        await _starting.WaitAsync();
        try
        {
            return Start(service);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>A further instance of a service over the same database; the caller disposes of it.</summary>
    public async Task<IServiceHost> StartAnotherAsync(string service)
    {
        await StartAsync(service);
        var host = Make(service);
        host.Start();
        return host;
    }

    /// <summary>An instance of a service as a process of its own over the same database, not started yet, so that it can get more settings; the caller disposes of it.</summary>
    public async Task<ServiceProcess> NewProcessAsync(string service)
    {
        foreach (var neighbour in Neighbours(service))
            await StartAsync(neighbour);
        var repository = Cli.Repository.Find();
        var name = CultureInfo.InvariantCulture.TextInfo.ToTitleCase(service);
        var process = new ServiceProcess($"{service}-apart", Path.Combine(repository.Root, "services", name, "bin", repository.Configuration, repository.Framework, $"AgentPlatform.{name}.dll"), AuditFolder);
        foreach (var (setting, value) in SettingsOf(service).Where(s => s.Key is not ("GRPC_PORT" or "HTTP_PORT")))
            process.Settings[setting.Replace(":", "__", StringComparison.Ordinal)] = value;
        return process;
    }

    /// <summary>Stops a service; the next use starts it anew.</summary>
    public async Task StopAsync(string service)
    {
        if (_hosts.Remove(service, out var host))
            await host.DisposeAsync();
    }

    /// <summary>Empties Redis, for every class that runs at this time: nothing may depend on what is in it.</summary>
    public async Task FlushRedisAsync()
    {
        using var client = new TcpClient();
        var address = servers.Redis.Split(',')[0].Split(':');
        await client.ConnectAsync(address[0], int.Parse(address[1], CultureInfo.InvariantCulture));
        await client.GetStream().WriteAsync("FLUSHALL\r\n"u8.ToArray());
        var answer = new byte[16];
        var read = await client.GetStream().ReadAsync(answer);
        Assert.StartsWith("+OK", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
    }

    /// <summary>Runs SQL as the administrator and reads the first column of its rows.</summary>
    public Task<List<T>> SqlAsync<T>(string sql, params object[] values) => Sql.ReadAsync<T>(_admin, sql, values);

    /// <summary>Waits until the audit log holds entries of this resource, and gives them back, oldest first.</summary>
    public async Task<List<AuditEntry>> AuditOfAsync(string resource, int atLeast = 1)
    {
        var audit = await ClientAsync<Contracts.Audit.V1.AuditService.AuditServiceClient>(Tokens.Auditor());
        var entries = new List<AuditEntry>();
        await Eventually.TrueAsync(async () =>
        {
            var answer = await audit.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = resource });
            entries = [.. answer.Entries.Reverse()];
            return entries.Count >= atLeast;
        }, $"{atLeast} audit entries of {resource}");
        return entries;
    }

    private IServiceHost Start(string service)
    {
        if (_hosts.TryGetValue(service, out var running))
            return running;
        foreach (var neighbour in Neighbours(service))
            Start(neighbour);
        var host = Make(service);
        host.Start();
        return _hosts[service] = host;
    }

    private static string[] Neighbours(string service) => service switch
    {
        "audit" => [],
        "registry" or "vault" => ["audit", "session"],
        "costing" => ["audit", "session", "vault"],
        "gateway" => ["audit", "session", "registry", "costing", "vault"],
        _ => ["audit"],
    };

    private IServiceHost Make(string service) => service switch
    {
        "audit" => new ServiceHost<AuditStore>(SettingsOf(service), Clock, Logs),
        "session" => new ServiceHost<SessionStore>(SettingsOf(service), Clock, Logs),
        "registry" => new ServiceHost<AgentStore>(SettingsOf(service), Clock, Logs),
        "costing" => new ServiceHost<CostingStore>(SettingsOf(service), Clock, Logs),
        "vault" => new ServiceHost<VaultService>(SettingsOf(service), Clock, Logs),
        "gateway" => new ServiceHost<Gateway.EdgeMiddleware>(SettingsOf(service), Clock, Logs),
        _ => throw new ArgumentException($"There is no service {service}."),
    };

    private Dictionary<string, string> SettingsOf(string service)
    {
        var settings = new Dictionary<string, string>
        {
            ["GRPC_PORT"] = "0",
            ["HTTP_PORT"] = "0",
            ["ConnectionStrings:agentplatform"] = new NpgsqlConnectionStringBuilder(_admin) { Username = service, Password = TestServers.LoginPassword }.ConnectionString,
            ["ConnectionStrings:redis"] = servers.Redis,
            ["Authentication:DevelopmentKey"] = Tokens.Key.PublicKey,
            ["Identity:Token"] = Tokens.Service(service),
            ["Vault:Root"] = _vault.FullName,
            ["Audit:SigningKey"] = Path.Combine(AuditFolder, "signing.pem"),
            ["Webhooks:KeyFile"] = Path.Combine(AuditFolder, "webhooks.key"),
            // Tests call as fast as they can.
            ["RateLimit:Calls"] = "1000000",
            ["RateLimit:Burst"] = "1000000",
            ["RateLimit:Machine"] = "1000000",
            ["RateLimit:Strangers"] = "1000000",
        };
        foreach (var neighbour in Neighbours(service))
        {
            settings[$"services:{neighbour}:grpc:0"] = _hosts[neighbour].GrpcAddress;
            settings[$"services:{neighbour}:http:0"] = _hosts[neighbour].HttpAddress;
        }
        foreach (var (name, value) in Settings.GetValueOrDefault(service) ?? [])
            settings[name] = value;
        return settings;
    }
}
