using AgentPlatform.Contracts.Audit.V1;
using Npgsql;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

/// <summary>What Postgres itself refuses, whatever the service's code may do.</summary>
public sealed class AppendOnlyTests(Platform platform) : IClassFixture<Platform>
{
    public static TheoryData<string> Changes =>
    [
        "UPDATE audit.audit_log SET principal = 'somebody else'",
        "UPDATE audit.audit_log SET principal = 'somebody else' WHERE false",
        "DELETE FROM audit.audit_log",
        "TRUNCATE audit.audit_log",
    ];

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task The_services_own_role_has_no_right_to_change_an_entry(string change)
    {
        var own = new NpgsqlConnectionStringBuilder(platform.AdminConnection) { Username = "audit", Password = TestServers.LoginPassword };
        Assert.StartsWith("permission denied", await RefusedAsync(own.ConnectionString, change), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task The_owner_is_refused_as_well_even_as_a_replica(string change)
    {
        var service = await platform.ClientAsync<Client>(Tokens.Service("costing"));
        var entry = Entries.OfService(resource: "kept/1");
        await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entry } });

        Assert.Contains("append-only", await RefusedAsync(platform.AdminConnection, change), StringComparison.Ordinal);
        var asReplica = await RefusedAsync(platform.AdminConnection, $"SET session_replication_role = replica; {change}");
        Assert.Contains("append-only", asReplica, StringComparison.Ordinal);
        Assert.Equal(["user:sam"], await platform.SqlAsync<string>("SELECT principal FROM audit.audit_log WHERE event_id = $1", Guid.Parse(entry.EventId)));
    }

    private static async Task<string> RefusedAsync(string connectionString, string sql)
    {
        // Unpooled: a session's settings end with it.
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        return refused.MessageText;
    }
}
