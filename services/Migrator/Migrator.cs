using Npgsql;

namespace AgentPlatform.Migrations;

/// <summary>
/// Makes the database, the login roles and the schemas, and runs each migration once. Several migrators at the same time
/// wait for each other; an applied migration that was edited since is refused.
/// </summary>
/// <param name="settings">Where, and with which logins.</param>
/// <param name="migrationsOf">The scripts of a service, in order; those of this build when not given.</param>
public sealed class Migrator(MigratorSettings settings, Func<string, IReadOnlyList<Migration>>? migrationsOf = null)
{
    private readonly Func<string, IReadOnlyList<Migration>> _migrationsOf = migrationsOf ?? Migration.Of;

    // Any constant does, as long as nothing else on the server uses it: "agent" in ASCII.
    private const long LockKey = 0x6167656e74;
    private static readonly TimeSpan ServerWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ServerRetry = TimeSpan.FromMilliseconds(250);

    private const string TakeLock = "SELECT pg_advisory_lock($1)";
    private const string DatabaseExists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    private const string CreateLedger = """
        CREATE SCHEMA IF NOT EXISTS migrator;
        CREATE TABLE IF NOT EXISTS migrator.migrations (
            schema_name text        NOT NULL,
            name        text        NOT NULL,
            checksum    text        NOT NULL, -- SHA-256 of the script
            applied_at  timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT migrations_pkey PRIMARY KEY (schema_name, name)
        );
        """;
    private const string ReadLedger = "SELECT name, checksum FROM migrator.migrations WHERE schema_name = $1";
    private const string WriteLedger = "INSERT INTO migrator.migrations (schema_name, name, checksum) VALUES ($1, $2, $3)";

    /// <summary>Brings the database up to date; gives back how many migrations ran.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        await PrepareServerAsync(cancellation);

        await using var connection = await OpenAsync(settings.ConnectionString, cancellation);
        await ExecuteAsync(connection, TakeLock, cancellation, LockKey);
        await ExecuteAsync(connection, CreateLedger, cancellation);
        await ExecuteAsync(connection, Schemas.CloseToPublic, cancellation);
        var applied = 0;
        foreach (var service in MigratorSettings.Services)
            applied += await MigrateAsync(connection, service, cancellation);
        return applied;
    }

    // Databases and roles belong to the server, not to the database, so this part locks on the server's own one.
    private async Task PrepareServerAsync(CancellationToken cancellation)
    {
        var target = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
        var database = target.Database ?? throw new MigrationException("The connection string names no database.");
        target.Database = "postgres";
        await using var connection = await OpenAsync(target.ConnectionString, cancellation);
        await ExecuteAsync(connection, TakeLock, cancellation, LockKey);

        if (!(bool)(await ScalarAsync(connection, DatabaseExists, cancellation, database))!)
            await RunFormattedAsync(connection, "SELECT format('CREATE DATABASE %I', $1)", cancellation, database);
        foreach (var service in MigratorSettings.Services)
            await Roles.EnsureAsync(connection, service, settings.Logins.GetValueOrDefault(service), cancellation);
    }

    private async Task<int> MigrateAsync(NpgsqlConnection connection, string service, CancellationToken cancellation)
    {
        await Schemas.EnsureAsync(connection, service, cancellation);
        var ledger = await ReadLedgerAsync(connection, service, cancellation);
        var migrations = _migrationsOf(service);
        if (ledger.Keys.Except(migrations.Select(m => m.Name)).FirstOrDefault() is { } unknown)
            throw new MigrationException($"the database has {service}/{unknown}, which this build does not know; it is of a newer build.");

        var applied = 0;
        foreach (var migration in migrations)
        {
            if (!ledger.TryGetValue(migration.Name, out var checksum))
            {
                await ApplyAsync(connection, service, migration, cancellation);
                applied++;
            }
            else if (checksum != migration.Checksum)
                throw new MigrationException($"{service}/{migration.Name} was edited after it had been applied; undo the edit and add a new migration.");
        }
        return applied;
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, string service, Migration migration, CancellationToken cancellation)
    {
        try
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            await ExecuteAsync(connection, "SELECT set_config('search_path', $1, true)", cancellation, service);
            await ExecuteAsync(connection, migration.Sql, cancellation);
            await ExecuteAsync(connection, WriteLedger, cancellation, service, migration.Name, migration.Checksum);
            await transaction.CommitAsync(cancellation);
        }
        catch (PostgresException e)
        {
            throw new MigrationException($"{service}/{migration.Name}: {e.MessageText} (SQLSTATE {e.SqlState}).", e);
        }
    }

    private static async Task<Dictionary<string, string>> ReadLedgerAsync(NpgsqlConnection connection, string service, CancellationToken cancellation)
    {
        await using var command = Command(connection, ReadLedger, service);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ledger = new Dictionary<string, string>();
        while (await reader.ReadAsync(cancellation))
            ledger[reader.GetString(0)] = reader.GetString(1);
        return ledger;
    }

    // The server may still be coming up; a wrong password or a missing right will not get better by waiting.
    private static async Task<NpgsqlConnection> OpenAsync(string connectionString, CancellationToken cancellation)
    {
        // A pool would keep connections to the template of other databases open after we are done.
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "migrator" };
        var giveUpAt = TimeProvider.System.GetUtcNow() + ServerWait;
        while (true)
        {
            var connection = new NpgsqlConnection(unpooled.ConnectionString);
            try
            {
                await connection.OpenAsync(cancellation);
                return connection;
            }
            catch (NpgsqlException e)
            {
                await connection.DisposeAsync();
                var hopeless = e is PostgresException { SqlState: not PostgresErrorCodes.CannotConnectNow };
                if (hopeless || TimeProvider.System.GetUtcNow() >= giveUpAt)
                    throw new MigrationException($"cannot connect to {unpooled.Host}:{unpooled.Port}/{unpooled.Database} as {unpooled.Username}: {e.Message}", e);
                await Task.Delay(ServerRetry, cancellation);
            }
        }
    }

    internal static async Task RunFormattedAsync(NpgsqlConnection connection, string format, CancellationToken cancellation, params object[] values) =>
        // DDL takes no parameters, so the server itself quotes the names and literals into the statement.
        await ExecuteAsync(connection, (string)(await ScalarAsync(connection, format, cancellation, values))!, cancellation);

    internal static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = Command(connection, sql, values);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    internal static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = Command(connection, sql, values);
        return await command.ExecuteScalarAsync(cancellation);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }
}
