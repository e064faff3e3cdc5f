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
        "INSERT INTO audit.audit_log SELECT * FROM audit.audit_log ON CONFLICT (event_id) DO UPDATE SET principal = 'somebody else'",
    ];

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task The_services_own_role_has_no_right_to_change_an_entry(string change)
    {
        var own = new NpgsqlConnectionStringBuilder(platform.AdminConnection) { Username = "audit", Password = TestServers.LoginPassword };
        var refused = await RefusedAsync(own.ConnectionString, change);
        Assert.StartsWith("permission denied", refused, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task The_owner_is_refused_as_well(string change)
    {
        // OVERRIDING lets the upsert come as far as the conflict.
        var reaching = change.Replace("audit_log SELECT", "audit_log (event_id, occurred_at, recorded_at, agent_id, agent_version, principal, roles, service, "
            + "operation, resource, outcome, error_message, execution_time_ms, authorized_by, correlation_id, trace_id, metadata) SELECT event_id, occurred_at, "
            + "recorded_at, agent_id, agent_version, principal, roles, service, operation, resource, outcome, error_message, execution_time_ms, authorized_by, "
            + "correlation_id, trace_id, metadata; --", StringComparison.Ordinal);
        Assert.Contains("append-only", await RefusedAsync(platform.AdminConnection, reaching), StringComparison.Ordinal);
    }
}
