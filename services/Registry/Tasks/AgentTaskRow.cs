using AgentPlatform.Contracts.Registry.V1;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>How a task is read: of <c>registry.tasks t</c>, with its pool as <c>p</c>, and then payload and result.</summary>
internal static class AgentTaskRow
{
    public const string Columns = """
        t.id, t.parent_id, t.origin, t.type, t.agent_id, p.key, p.role, p.platform, p.capabilities, p.tags, t.priority, t.status, t.available_at, t.timeout_seconds,
        t.max_attempts, t.backoff_seconds, t.attempt, t.attempt_limit, t.holder_epoch, t.lease_until, t.cancel_requested, t.progress_percent, t.progress_message,
        t.reason, t.message, t.correlation_id, t.created_by, t.created_at, t.updated_at, t.started_at, t.ended_at, t.version
        """;

    /// <summary>
    /// Who holds a task, if anybody; in these words, which are those of the index <c>tasks_held</c> and of no other. By <c>agent_id</c> and <c>lease_until</c>, Postgres sometimes took the index of all
    /// that the agent has ever done, and read it through for each task that it was given.
    /// </summary>
    public const string Holder = "CASE WHEN lease_until IS NOT NULL THEN agent_id END";

    private const int PayloadColumn = 32;
    private const int ResultColumn = 33;

    public static AgentTaskRecord Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        ParentId = row.IsDBNull(1) ? null : row.GetGuid(1),
        Origin = row.IsDBNull(2) ? null : row.GetString(2),
        Type = row.GetString(3),
        AgentId = row.IsDBNull(4) ? null : row.GetString(4),
        Pool = row.IsDBNull(5) ? null : new Pool(
            row.GetString(5), row.GetString(6), EnumText.Parse<Platform>(row.GetString(7)), row.GetFieldValue<string[]>(8), row.GetFieldValue<string[]>(9)),
        Priority = row.GetInt32(10),
        Status = EnumText.Parse<AgentTaskStatus>(row.GetString(11)),
        AvailableAt = row.GetFieldValue<DateTimeOffset>(12),
        TimeoutSeconds = row.GetInt32(13),
        MaxAttempts = row.GetInt32(14),
        BackoffSeconds = row.GetInt32(15),
        Attempt = row.GetInt32(16),
        AttemptLimit = row.GetInt32(17),
        HolderEpoch = row.GetInt64(18),
        LeaseUntil = TimeOf(row, 19),
        CancelRequested = row.GetBoolean(20),
        ProgressPercent = row.GetInt32(21),
        ProgressMessage = row.GetString(22),
        Reason = row.GetString(23),
        Message = row.GetString(24),
        CorrelationId = row.GetString(25),
        CreatedBy = row.GetString(26),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(27),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(28),
        StartedAt = TimeOf(row, 29),
        EndedAt = TimeOf(row, 30),
        Version = row.GetInt64(31),
        Payload = row.IsDBNull(PayloadColumn) ? null : row.GetString(PayloadColumn),
        ResultJson = row.IsDBNull(ResultColumn) ? null : row.GetString(ResultColumn),
    };

    private static DateTimeOffset? TimeOf(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
