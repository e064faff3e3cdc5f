using System.Security.Cryptography;
using Npgsql;

namespace AgentPlatform.Bench.Chaos;

/// <summary>
/// Holds what the callers of a storm were told against what the database and the audit log hold: every acknowledged change is
/// there once, nothing else is, not even half of it, and each has its audit entry once.
/// </summary>
public static class Checker
{
    private static readonly TimeSpan RelayTimeout = TimeSpan.FromSeconds(60);

    private const string Waiting = "SELECT (SELECT count(*) FROM session.outbox) + (SELECT count(*) FROM registry.outbox)";

    private const string Resources = """
        SELECT 'session/' || id || ' at version ' || version FROM session.sessions WHERE agent_id = ANY ($1)
        UNION ALL
        SELECT 'agent/' || id || ' at version ' || epoch FROM registry.agents WHERE id = ANY ($1)
        """;

    private const string Answers = """
        SELECT caller || ' ' || method || ' ' || key || ' ' || encode(sha256(answer), 'hex') FROM session.idempotency WHERE caller = ANY ($1)
        UNION ALL
        SELECT caller || ' ' || method || ' ' || key || ' ' || encode(sha256(answer), 'hex') FROM registry.idempotency WHERE caller = ANY ($1)
        """;

    // A session passes through no state twice, and an agent through no epoch, so each line names one change.
    private const string AuditLines = """
        SELECT concat_ws(' ', operation, resource, metadata ->> 'to', metadata ->> 'epoch') FROM audit.audit_log WHERE principal = ANY ($1)
        """;

    /// <summary>Waits until the audit log has been told everything, then compares.</summary>
    public static async Task<IReadOnlyList<CheckResult>> RunAsync(Cluster cluster, Ledger ledger, IReadOnlyList<string> agents)
    {
        await using var connection = new NpgsqlConnection(cluster.Admin);
        await connection.OpenAsync();
        await Chaos.Waiting.UntilAsync(async () => await ScalarAsync(connection, Waiting) == 0, "every outbox is empty", RelayTimeout);

        var changes = ledger.Changes;
        string[] subjects = [.. agents.Select(Cluster.SubjectOf)];
        return
        [
            new("answers that make sense", 0, ledger.Complaints.Count, [.. ledger.Complaints]),
            VersionsWithoutGap(changes),
            CheckResult.OfBags("sessions and agents, by their last version",
                changes.GroupBy(c => c.Resource).Select(r => $"{r.Key} at version {r.Max(c => c.Version)}"), await ReadAsync(connection, Resources, [.. agents])),
            CheckResult.OfBags("stored answers",
                changes.Select(c => $"{c.Caller} {c.Method} {c.Key} {Convert.ToHexStringLower(SHA256.HashData(c.Answer.Span))}"), await ReadAsync(connection, Answers, subjects)),
            CheckResult.OfBags("audit entries", changes.Select(c => c.AuditLine), await ReadAsync(connection, AuditLines, subjects)),
        ];
    }

    // Each change brings its resource one version on: of a lost one the number would be missing, of a double one too many.
    private static CheckResult VersionsWithoutGap(IReadOnlyCollection<Change> changes)
    {
        var differences = changes.GroupBy(c => c.Resource)
            .Select(r => (r.Key, Versions: r.Select(c => c.Version).Order().ToList()))
            .Where(r => !r.Versions.SequenceEqual(Enumerable.Range(1, r.Versions.Count).Select(v => (long)v)))
            .Select(r => $"{r.Key}: acknowledged versions {string.Join(", ", r.Versions)}");
        return new("acknowledged changes, by version without a gap", changes.Count, changes.Count, [.. differences]);
    }

    private static async Task<long> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<List<string>> ReadAsync(NpgsqlConnection connection, string sql, string[] names)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = names });
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
            lines.Add(reader.GetString(0));
        return lines;
    }
}
