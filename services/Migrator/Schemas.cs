using Npgsql;

namespace AgentPlatform.Migrations;

/// <summary>A schema per service. Its tables belong to the migrator's role; the service's role may read and write rows, no more.</summary>
internal static class Schemas
{
    /// <summary>What Postgres gives to everybody by default is taken back, so that a service's role has its own schema alone.</summary>
    public const string CloseToPublic = """
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); END $$;
        """;

    // The name stands five times, therefore $1 by position.
    private const string Ensure = """
        SELECT format(
            'CREATE SCHEMA IF NOT EXISTS %1$I;
             GRANT CONNECT ON DATABASE %2$I TO %1$I;
             GRANT USAGE ON SCHEMA %1$I TO %1$I;
             ALTER DEFAULT PRIVILEGES IN SCHEMA %1$I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %1$I;
             ALTER DEFAULT PRIVILEGES IN SCHEMA %1$I GRANT USAGE ON SEQUENCES TO %1$I;',
            $1, current_database())
        """;

    public static Task EnsureAsync(NpgsqlConnection connection, string service, CancellationToken cancellation) =>
        Migrator.RunFormattedAsync(connection, Ensure, cancellation, service);
}
