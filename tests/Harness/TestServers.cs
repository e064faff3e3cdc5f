using System.Diagnostics;
using AgentPlatform.Migrations;
using Npgsql;

[assembly: AssemblyFixture(typeof(AgentPlatform.Tests.TestServers))]

namespace AgentPlatform.Tests;

/// <summary>
/// One Postgres and one Redis for the whole run, and a migrated template database from which each class gets a copy of its
/// own. TEST_POSTGRES and TEST_REDIS (connection strings) name servers that run already; else local programs are started on
/// free loopback ports. No server, no tests: a run without them fails.
/// </summary>
public sealed class TestServers : IAsyncLifetime
{
    private const string Template = "agentplatform_template";

    /// <summary>Of every login role, on these servers alone.</summary>
    public const string LoginPassword = "test-only";

    private readonly SemaphoreSlim _cloning = new(1, 1);
    private LocalServerProcess? _postgres;
    private LocalServerProcess? _redis;
    private int _copies;

    /// <summary>The administrator's connection string, without a database.</summary>
    public string Admin { get; private set; } = "";

    public string Redis { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Admin = Environment.GetEnvironmentVariable("TEST_POSTGRES") ?? await StartPostgresAsync();
        Redis = Environment.GetEnvironmentVariable("TEST_REDIS") ?? await StartRedisAsync();
        await DropAsync(Template);
        await MigrateAsync(Template);
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null)
            await _redis.DisposeAsync();
        if (_postgres is not null)
            await _postgres.DisposeAsync();
    }

    /// <summary>A fresh copy of the migrated template; gives back the administrator's connection string to it.</summary>
    public async Task<string> CloneAsync()
    {
        var name = $"test_{Interlocked.Increment(ref _copies)}_{Environment.ProcessId}";
        // Postgres copies a template only while nobody else does.
        await _cloning.WaitAsync();
        try
        {
            await ExecuteAsync($"""CREATE DATABASE "{name}" TEMPLATE "{Template}" """);
        }
        finally
        {
            _cloning.Release();
        }
        return For(name);
    }

    /// <summary>Drops a copy, with whoever is still connected.</summary>
    public Task DropAsync(string database) => ExecuteAsync($"""DROP DATABASE IF EXISTS "{database}" WITH (FORCE)""");

    /// <summary>Brings a database up to date, and makes it if need be.</summary>
    public Task<int> MigrateAsync(string database, Func<string, IReadOnlyList<Migration>>? migrationsOf = null) =>
        new Migrator(new MigratorSettings(For(database), MigratorSettings.Services.ToDictionary(s => s, _ => LoginPassword)), migrationsOf)
            .RunAsync(CancellationToken.None);

    /// <summary>The administrator's connection string to a database.</summary>
    public string For(string database) => new NpgsqlConnectionStringBuilder(Admin) { Database = database }.ConnectionString;

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(For("postgres")) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<string> StartPostgresAsync()
    {
        _postgres = await LocalServerProcess.PostgresAsync();
        var admin = $"Host=127.0.0.1;Port={_postgres.Port};Username=postgres";
        await Eventually.TrueAsync(async () =>
        {
            await using var connection = new NpgsqlConnection($"{admin};Database=postgres;Pooling=false;Timeout=2");
            await connection.OpenAsync();
            return true;
        }, "Postgres answers");
        return admin;
    }

    private async Task<string> StartRedisAsync()
    {
        _redis = await LocalServerProcess.RedisAsync();
        await Eventually.TrueAsync(() => LocalServerProcess.ListensAsync(_redis.Port), "Redis answers");
        return $"127.0.0.1:{_redis.Port}";
    }
}
