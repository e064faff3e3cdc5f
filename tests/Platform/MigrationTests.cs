using AgentPlatform.Migrations;
using Npgsql;

namespace AgentPlatform.Tests.Platforms;

public sealed class MigrationTests(TestServers servers, Platform platform) : IClassFixture<Platform>
{
    // Everything that a schema is made of, a line each, in the server's own words.
    private const string Describe = """
        SELECT format('%s column %s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                      a.attidentity, pg_get_expr(d.adbin, d.adrelid))
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT format('%s constraint %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = to_regnamespace($1)
        UNION ALL SELECT format('domain %s %s %s', typname, format_type(typbasetype, typtypmod), typcollation::regcollation) FROM pg_type WHERE typnamespace = to_regnamespace($1) AND typtype = 'd'
        UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = $1
        UNION ALL SELECT format('trigger %s', pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                   WHERE c.relnamespace = to_regnamespace($1) AND NOT t.tgisinternal
        UNION ALL SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = to_regnamespace($1)
        UNION ALL SELECT format('%s rights %s', relname, relacl) FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p', 'S')
        ORDER BY 1
        """;

    public static TheoryData<string> Services => [.. MigratorSettings.Services];

    [Fact]
    public async Task Migrations_and_schema_files_give_the_same_schemas()
    {
        const string Database = "from_schema_files";
        await servers.MigrateAsync(Database, service =>
            [.. Migration.Of(service).Where(m => m.Name.StartsWith("shared/", StringComparison.Ordinal)), SchemaFile(service)]);
        foreach (var service in MigratorSettings.Services)
        {
            Assert.Equal(
                await Sql.ReadAsync<string>(servers.For(Database), Describe, service),
                await platform.SqlAsync<string>(Describe, service));
        }
        await servers.DropAsync(Database);
    }

    [Fact]
    public async Task An_edited_migration_that_was_applied_is_refused_by_name()
    {
        var database = new NpgsqlConnectionStringBuilder(await servers.CloneAsync()).Database!;
        var refusal = await Assert.ThrowsAsync<MigrationException>(() => servers.MigrateAsync(database, service =>
            [.. Migration.Of(service).Select(m => m.Name == "0001_sessions.sql" ? new Migration(m.Name, m.Sql + "\n-- an edit") : m)]));
        Assert.Contains("session/0001_sessions.sql was edited", refusal.Message);
        await servers.DropAsync(database);
    }

    [Fact]
    public async Task A_database_of_a_newer_build_is_refused()
    {
        var database = new NpgsqlConnectionStringBuilder(await servers.CloneAsync()).Database!;
        var refusal = await Assert.ThrowsAsync<MigrationException>(() => servers.MigrateAsync(database, service =>
            [.. Migration.Of(service).Where(m => m.Name != "0001_sessions.sql")]));
        Assert.Contains("newer build", refusal.Message);
        await servers.DropAsync(database);
    }

    [Fact]
    public async Task A_failed_migration_names_itself_and_leaves_nothing()
    {
        const string Database = "failed_migration";
        IReadOnlyList<Migration> Broken(string service) => [new("0001_half.sql", "CREATE TABLE half (id int); SELECT 1 / 0;")];
        var refusal = await Assert.ThrowsAsync<MigrationException>(() => servers.MigrateAsync(Database, Broken));
        Assert.Contains("session/0001_half.sql: division by zero", refusal.Message);
        Assert.Empty(await Sql.ReadAsync<string>(servers.For(Database), Describe, "session"));
        await servers.DropAsync(Database);
    }

    [Fact]
    public async Task Migrators_at_the_same_time_apply_everything_once()
    {
        const string Database = "migrated_at_once";
        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => servers.MigrateAsync(Database)));
        Assert.Equal(MigratorSettings.Services.Sum(s => Migration.Of(s).Count), applied.Sum());
        Assert.Single(applied, a => a > 0);
        await servers.DropAsync(Database);
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task A_services_role_reaches_its_own_schema_alone(string service)
    {
        var own = new NpgsqlConnectionStringBuilder(platform.AdminConnection) { Username = service, Password = TestServers.LoginPassword }.ConnectionString;
        Assert.Equal([0L], await Sql.ReadAsync<long>(own, $"SELECT count(*) FROM {service}.outbox"));
        foreach (var other in MigratorSettings.Services.Except([service]).Append("migrator"))
        {
            var table = other == "migrator" ? "migrations" : "outbox";
            var denied = await Assert.ThrowsAsync<PostgresException>(() => Sql.ReadAsync<long>(own, $"SELECT count(*) FROM {other}.{table}"));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, denied.SqlState);
        }
        foreach (var ddl in new[] { $"CREATE TABLE {service}.mine (id int)", "CREATE TABLE public.mine (id int)", "CREATE SCHEMA mine", $"DROP TABLE {service}.outbox" })
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => Sql.ReadAsync<int>(own, ddl))).SqlState);
    }

    [Fact]
    public async Task Registrys_role_can_remove_no_agent_since_tasks_name_them_without_a_foreign_key()
    {
        var own = new NpgsqlConnectionStringBuilder(platform.AdminConnection) { Username = "registry", Password = TestServers.LoginPassword }.ConnectionString;
        var denied = await Assert.ThrowsAsync<PostgresException>(() => Sql.ReadAsync<int>(own, "DELETE FROM registry.agents WHERE id = 'nobody'"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, denied.SqlState);
    }

    private static Migration SchemaFile(string service)
    {
        var folder = Directory.GetDirectories(Repository.PathOf("services")).Single(d => Path.GetFileName(d).Equals(service, StringComparison.OrdinalIgnoreCase));
        return new Migration("schema.sql", File.ReadAllText(Path.Combine(folder, "Sql", "schema.sql")));
    }
}
