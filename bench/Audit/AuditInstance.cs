using System.Diagnostics;
using System.Globalization;
using AgentPlatform.Cli;
using AgentPlatform.Migrations;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Npgsql;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Bench.Audit;

/// <summary>
/// A database and an instance of Audit of the benchmark's own, on the Postgres server of the running platform or another one: what is written into an
/// audit log cannot be taken out again. Both go away with it.
/// </summary>
public sealed class AuditInstance : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(6);
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly string _server;
    private readonly string _database = $"bench_audit_{Environment.ProcessId}";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentplatform-bench-audit-");
    private readonly DevelopmentKey _key = DevelopmentKey.Create();
    private Process? _process;
    private GrpcChannel? _channel;

    private AuditInstance(string server) => _server = server;

    /// <summary>The database, as its administrator.</summary>
    public string Admin => new NpgsqlConnectionStringBuilder(_server) { Database = _database }.ConnectionString;

    /// <summary>Makes the database and its tables; the service starts later.</summary>
    public static async Task<AuditInstance> CreateAsync(string server)
    {
        var instance = new AuditInstance(server);
        // Its roles are the server's: with their passwords changed the running platform could no longer log in.
        var logins = new Dictionary<string, string>();
        await new Migrator(new MigratorSettings(instance.Admin, logins)).RunAsync(CancellationToken.None);
        return instance;
    }

    /// <summary>Starts the service, as a process of its own.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "AgentPlatform.Audit.dll")])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = _folder.FullName,
            Environment =
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["GRPC_PORT"] = "0",
                ["HTTP_PORT"] = "0",
                ["ConnectionStrings__agentplatform"] = new NpgsqlConnectionStringBuilder(Admin) { Options = "-c role=audit" }.ConnectionString,
                // None of what is measured asks Redis.
                ["ConnectionStrings__redis"] = "127.0.0.1:1,abortConnect=false",
                ["Authentication__DevelopmentKey"] = _key.PublicKey,
                ["Audit__SigningKey"] = Path.Combine(_folder.FullName, "signing.pem"),
                ["Logging__LogLevel__Default"] = "Warning",
                ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information",
            },
        };
        _process = Process.Start(start)!;
        var address = new TaskCompletionSource<string>();
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var at)
                address.TrySetResult(line.Data[(at + Listening.Length)..]);
        };
        _process.BeginOutputReadLine();
        // More than a hundred calls at a time do not fit into one connection.
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        _channel = GrpcChannel.ForAddress(await address.Task.WaitAsync(StartTimeout), new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
    }

    public Client AsService() => As(_key.Mint("service:bench", ["service"], null, TokenLifetime, TimeProvider.System));

    public Client AsAuditor() => As(_key.Mint("user:bench", ["auditor"], null, TokenLifetime, TimeProvider.System));

    /// <summary>Runs a statement as the database's administrator, for as long as it takes.</summary>
    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Admin) { CommandTimeout = 0 }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>What a million entries take on disk, in MB: all of the log, its indexes and its event ids.</summary>
    public async Task<string> SizeAsync()
    {
        const string Size = """
            SELECT (pg_total_relation_size('audit.event_ids') + (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'audit.audit_log'::regclass))::float8
                   / greatest(1, (SELECT count(*) FROM audit.audit_log))
            """;
        return ((double)(await ExecuteAsync(Size))!).ToString("F0", CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
        NpgsqlConnection.ClearAllPools();
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server) { Database = "postgres", Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"DROP DATABASE IF EXISTS {_database} WITH (FORCE)", connection);
        await command.ExecuteNonQueryAsync();
        _folder.Delete(recursive: true);
        _key.Dispose();
    }

    private Client As(string token) =>
        new(_channel!.Intercept(metadata => { metadata.Add("authorization", $"Bearer {token}"); return metadata; }));
}
