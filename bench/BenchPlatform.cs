using AgentPlatform.Bench.Chaos;
using AgentPlatform.Cli;
using AgentPlatform.Migrations;
using Npgsql;

namespace AgentPlatform.Bench;

/// <summary>
/// A Postgres that syncs to disk, a Redis, and the services and the gateway that are asked for, each a process of its own on a free
/// loopback port, in a folder that goes away with them. Telemetry is recorded as always, but sent nowhere.
/// </summary>
public sealed class BenchPlatform : IAsyncDisposable
{
    private const string LoginPassword = "bench-only";

    /// <summary>How many calls a minute one caller may make where calls are counted: more than anybody makes.</summary>
    public const int CallsPerMinute = 60_000_000;
    private static readonly TimeSpan ServerTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CatchUpTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);

    private readonly Repository _repository = Repository.Find();
    private readonly DevelopmentKey _key = DevelopmentKey.Create();
    private readonly string _folder;
    private readonly ServerProcess _postgres;
    private readonly ServerProcess _redis;
    private readonly ServiceProcess _audit;
    private readonly List<ServiceProcess> _started = [];

    private BenchPlatform(string folder, IReadOnlyList<string> postgres, int postgresPort)
    {
        (_folder, PostgresPort) = (folder, postgresPort);
        // Asked to stop, Postgres does so at once, and takes its children along.
        _postgres = new ServerProcess("postgres", postgres, Path.Combine(folder, "postgres.log"), Signal.Interrupt);
        _redis = new ServerProcess("redis", LocalPrograms.Redis(folder, RedisPort), Path.Combine(folder, "redis.log"));
        _audit = NewService("audit", "Audit", postgresPort);
    }

    /// <summary>The administrator's connection string.</summary>
    public string Admin => $"Host=127.0.0.1;Port={PostgresPort};Username=postgres;Database=agentplatform";

    /// <summary>What tokens are checked with: SubjectPublicKeyInfo, base64.</summary>
    public string PublicKey => _key.PublicKey;

    /// <summary>Where Postgres listens.</summary>
    public int PostgresPort { get; }

    /// <summary>A database of the server, as a URL that programs in other languages take.</summary>
    public string AddressOf(string database) => $"postgres://postgres@127.0.0.1:{PostgresPort}/{database}";

    /// <summary>Where Redis listens.</summary>
    public int RedisPort { get; } = LocalPrograms.FreePort();

    public static async Task<BenchPlatform> StartAsync()
    {
        var (folder, port) = (LocalPrograms.NewFolder("bench"), LocalPrograms.FreePort());
        var platform = new BenchPlatform(folder, await LocalPrograms.PreparePostgresAsync(folder, port), port);
        try
        {
            await platform.StartServersAsync();
            return platform;
        }
        catch
        {
            await platform.DisposeAsync();
            throw;
        }
    }

    public string OperatorToken() => OperatorToken("bench");

    public string OperatorToken(string user) => OperatorToken(user, TokenLifetime);

    public string OperatorToken(string user, TimeSpan lifetime) => _key.Mint($"user:{user}", ["operator"], null, lifetime, TimeProvider.System);

    public string SuperuserToken() => _key.Mint("user:bench-superuser", ["superuser"], null, TokenLifetime, TimeProvider.System);

    public string AgentToken() => AgentToken("bench");

    public string AgentToken(string id) => _key.Mint($"agent:{id}", ["agent"], id, TokenLifetime, TimeProvider.System);

    /// <summary>Makes an empty database beside the platform's own.</summary>
    public async Task CreateDatabaseAsync(string name)
    {
        await using var connection = new NpgsqlConnection($"{Admin};Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {new NpgsqlCommandBuilder().QuoteIdentifier(name)}", connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Starts Audit, for which the entries of this service wait in its outbox until then; it has them all when this returns.</summary>
    public async Task StartAuditAsync(string service)
    {
        await _audit.StartAsync();
        await _audit.IsHealthyAsync();
        await using var connection = new NpgsqlConnection($"{Admin};Pooling=false");
        await connection.OpenAsync();
        await using var look = new NpgsqlCommand($"SELECT NOT EXISTS (SELECT FROM {new NpgsqlCommandBuilder().QuoteIdentifier(service)}.outbox)", connection);
        await Waiting.UntilAsync(async () => (bool)(await look.ExecuteScalarAsync())!, $"Audit has the entries of {service}", CatchUpTimeout);
    }

    /// <summary>Starts a Session whose database is at this port.</summary>
    public Task<ServiceProcess> StartSessionAsync(int databasePort) => StartAsync(NewService("session", "Session", databasePort));

    /// <summary>Starts a Costing without Session and Vault behind it: nothing that is measured asks for them.</summary>
    public Task<ServiceProcess> StartCostingAsync()
    {
        var costing = NewService("costing", "Costing", PostgresPort);
        AddAddress(costing, "session", _audit);
        AddAddress(costing, "vault", _audit);
        return StartAsync(costing);
    }

    /// <summary>Starts a Registry.</summary>
    public Task<ServiceProcess> StartRegistryAsync()
    {
        var registry = NewService("registry", "Registry", PostgresPort);
        // Session is not there, so it dispatches nothing.
        AddAddress(registry, "session", _audit);
        return StartAsync(registry);
    }

    /// <summary>Starts a Vault over this folder. Session is not there: no file that is measured has a label.</summary>
    public Task<ServiceProcess> StartVaultAsync(string root)
    {
        var vault = NewService("vault", "Vault", PostgresPort);
        vault.Settings["Vault__Root"] = root;
        AddAddress(vault, "session", _audit);
        return StartAsync(vault);
    }

    /// <summary>Starts a gateway before this service; it takes calls when this returns.</summary>
    /// <param name="name">The service.</param>
    /// <param name="service">Its instance.</param>
    /// <param name="isLimited">
    /// Whether it counts calls. Nobody is refused even then, since budgets fill faster than anybody calls; they are no larger than by default, so Redis is asked for a portion as
    /// often.
    /// </param>
    public async Task<ServiceProcess> StartGatewayAsync(string name, ServiceProcess service, bool isLimited = false)
    {
        var gateway = new ServiceProcess($"gateway-{_started.Count}", ProgramOf("gateway", "Gateway"), _folder);
        gateway.Settings["Authentication__DevelopmentKey"] = _key.PublicKey;
        // The budgets of callers are what a benchmark would measure otherwise.
        foreach (var limit in new[] { "Calls", "Machine", "Strangers" })
            gateway.Settings[$"RateLimit__{limit}"] = isLimited ? $"{CallsPerMinute}" : "0";
        if (isLimited)
            gateway.Settings["ConnectionStrings__redis"] = $"127.0.0.1:{RedisPort}";
        // The others are not there; the gateway wants to know of them all the same, and is never healthy without them.
        foreach (var other in MigratorSettings.Services)
            AddAddress(gateway, other, other == name ? service : _audit);
        _started.Add(gateway);
        await gateway.StartAsync();
        return gateway;
    }

    /// <summary>The processor times so far, with this service as the one that is looked at, and these processes beside this one as callers.</summary>
    public ProcessorTimes TimesOf(ServiceProcess service, params IEnumerable<int> callers) => new(
        callers.Aggregate(ProcessorTimes.Of(Environment.ProcessId), (sum, process) => sum + ProcessorTimes.Of(process)),
        ProcessorTimes.Of(service.Process.Id), ProcessorTimes.OfFamily(_postgres.Id));

    /// <summary>The same of a service behind a gateway.</summary>
    public ProcessorTimes TimesOf(ServiceProcess service, ServiceProcess gateway) => TimesOf(service, []) with { Gateway = ProcessorTimes.Of(gateway.Process.Id) };

    /// <summary>The processor time that the runtime has taken so far to compile, in this process and in these.</summary>
    public static TimeSpan CompilerTimeOf(params IEnumerable<ServiceProcess> services) =>
        services.Aggregate(ProcessorTimes.OfCompiler(Environment.ProcessId), (sum, service) => sum + ProcessorTimes.OfCompiler(service.Process.Id));

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _started.Append(_audit))
            await service.DisposeAsync();
        await _redis.DisposeAsync();
        await _postgres.DisposeAsync();
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartServersAsync()
    {
        await _postgres.StartAsync();
        await _redis.StartAsync();
        await Waiting.UntilAsync(async () =>
        {
            try
            {
                await using var connection = new NpgsqlConnection($"{Admin};Database=postgres;Pooling=false");
                await connection.OpenAsync();
                return true;
            }
            // Not up yet.
            catch (NpgsqlException) { return false; }
        }, $"Postgres takes connections; see {_postgres.Log}", ServerTimeout);
        await new Migrator(new MigratorSettings(Admin, MigratorSettings.Services.ToDictionary(s => s, _ => LoginPassword))).RunAsync(CancellationToken.None);
    }

    private async Task<ServiceProcess> StartAsync(ServiceProcess service)
    {
        AddAddress(service, "audit", _audit);
        _started.Add(service);
        await service.StartAsync();
        await service.IsHealthyAsync();
        return service;
    }

    private static void AddAddress(ServiceProcess caller, string name, ServiceProcess service)
    {
        caller.Settings[$"services__{name}__grpc__0"] = service.GrpcAddress;
        caller.Settings[$"services__{name}__http__0"] = service.HttpAddress;
    }

    private ServiceProcess NewService(string name, string project, int databasePort)
    {
        var service = new ServiceProcess($"{name}-{_started.Count}", ProgramOf(Path.Combine("services", project), project), _folder);
        service.Settings["ConnectionStrings__agentplatform"] = $"Host=127.0.0.1;Port={databasePort};Username={name};Password={LoginPassword};Database=agentplatform";
        service.Settings["ConnectionStrings__redis"] = $"127.0.0.1:{RedisPort}";
        service.Settings["Authentication__DevelopmentKey"] = _key.PublicKey;
        service.Settings["Identity__Token"] = _key.Mint($"service:{name}", ["service"], null, TokenLifetime, TimeProvider.System);
        if (name == "audit")
            service.Settings["Audit__SigningKey"] = Path.Combine(_folder, "signing.pem");
        return service;
    }

    private string ProgramOf(string folder, string name) =>
        Path.Combine(_repository.Root, folder, "bin", _repository.Configuration, _repository.Framework, $"AgentPlatform.{name}.dll");
}
