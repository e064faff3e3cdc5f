using Npgsql;

namespace AgentPlatform.Migrations;

/// <summary>The login role of each service: it may log in, and owns nothing.</summary>
internal static class Roles
{
    private const string Exists = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";
    private const string Create = "SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', $1, $2)";
    private const string SetPassword = "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1, $2)";

    /// <summary>Makes the role, or gives it its password of this run; without a password an existing role is left as it is.</summary>
    public static async Task EnsureAsync(NpgsqlConnection connection, string role, string? password, CancellationToken cancellation)
    {
        var exists = (bool)(await Migrator.ScalarAsync(connection, Exists, cancellation, role))!;
        if (password is null)
        {
            if (!exists)
                throw new MigrationException($"the role {role} does not exist and Logins__{role} gives no password to make it with.");
            return;
        }
        await Migrator.RunFormattedAsync(connection, exists ? SetPassword : Create, cancellation, role, password);
    }
}
