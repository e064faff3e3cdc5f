using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;
using static AgentPlatform.Contracts.Session.V1.ApprovalStatus;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of approvals.</summary>
public sealed class ApprovalStore(Database database)
{
    private const string Columns = """
        id, session_id, task_id, agent_id, requested_by, approver_role, action, arguments, digest, reason, status, expires_at, on_expiry, escalate_to,
        escalated, decided_by, decided_at, notes, consumed_at, version, created_at
        """;

    private const string Insert = """
        INSERT INTO session.approvals (id, session_id, task_id, agent_id, requested_by, approver_role, action, arguments, digest, reason, status, expires_at,
               on_expiry, escalate_to, escalated, decided_by, notes, version, created_at)
        VALUES ($1, $2::uuid, $3::uuid, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13, $14, false, '', '', 1, $15)
        """;

    private const string Find = $"SELECT {Columns} FROM session.approvals WHERE id = $1";

    // The second of two deciders, or of two users, waits here, and then sees what the first has done.
    private const string FindToChange = $"{Find} FOR UPDATE";

    // Always in the same order, so that of two batches one waits for the other and never both.
    private const string FindAllToChange = $"SELECT {Columns} FROM session.approvals WHERE id = ANY ($1) ORDER BY id FOR UPDATE";

    // What waits for a person, and is in time. Written so that Postgres' generic plan is as good as one made for each call.
    private const string WaitsForPerson = """
        status = 'approval_pending' AND expires_at > $2 AND agent_id = coalesce(nullif($3, ''), agent_id) ORDER BY id DESC LIMIT 20
        """;

    private const string FindWaitingOfSession = $"SELECT {Columns} FROM session.approvals WHERE session_id = $1 AND {WaitsForPerson}";

    private const string FindWaitingOfTask = $"SELECT {Columns} FROM session.approvals WHERE task_id = $1 AND {WaitsForPerson}";

    // Keyset paging: ids are UUIDv7, so their order is the order of asking.
    private const string List = $"""
        SELECT {Columns} FROM session.approvals
         WHERE ($1::uuid IS NULL OR id < $1)
           AND ($2 = '' OR status = $2)
           AND ($3::uuid IS NULL OR session_id = $3)
           AND ($4::uuid IS NULL OR task_id = $4)
           AND ($5 = '' OR agent_id = $5)
           AND ($6 = '' OR action = $6)
         ORDER BY id DESC
         LIMIT $7
        """;

    // Several instances share the work; what a decider holds at this moment is looked at again.
    private const string FindOverdue = $"""
        SELECT {Columns} FROM session.approvals
         WHERE status IN ('approval_pending', 'approval_approved') AND expires_at <= $1
         ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """;

    private const string Update = """
        UPDATE session.approvals
           SET status = $2, approver_role = $3, expires_at = $4, escalated = $5, decided_by = $6, decided_at = $7::timestamptz, notes = $8,
               consumed_at = $9::timestamptz, version = $10
         WHERE id = $1
        """;

    /// <summary>Adds a pending approval.</summary>
    public ApprovalRecord Add(UnitOfWork work, RequestApprovalRequest request, Guid? sessionId, Guid? taskId, string arguments, TimeSpan expiresIn)
    {
        var now = database.Now;
        var onExpiry = request.OnExpiry == OnExpiry.Unspecified ? OnExpiry.Deny : request.OnExpiry;
        var approval = new ApprovalRecord(Guid.CreateVersion7(now), sessionId, taskId, work.Caller.AgentId, work.Caller.Subject, request.ApproverRole, request.Action,
            arguments, ApprovalDigest.Of(request.Action, request.Arguments), request.Reason, ApprovalPending, Microseconds(now + expiresIn), onExpiry,
            request.EscalateTo, false, "", null, "", null, 1, now);
        work.Execute(Insert, approval.Id, approval.SessionId, approval.TaskId, approval.AgentId, approval.RequestedBy, EnumText.Of(approval.ApproverRole),
            approval.Action, arguments, approval.Digest, approval.Reason, EnumText.Of(approval.Status), approval.ExpiresAt, EnumText.Of(onExpiry), EnumText.Of(approval.EscalateTo), now);
        return approval;
    }

    public Task<ApprovalRecord?> FindAsync(Guid id, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, id);

    /// <summary>Reads it and keeps others from changing it until the work ends.</summary>
    public Task<ApprovalRecord?> FindToChangeAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToChange, Read, id);

    /// <summary>Reads several and keeps others from changing them until the work ends.</summary>
    public Task<List<ApprovalRecord>> FindToChangeAsync(UnitOfWork work, Guid[] ids) => work.QueryAsync(FindAllToChange, Read, ids);

    /// <summary>Reads, together with other things, what waits for a person about a session, twenty at most; an agent's own alone.</summary>
    public List<ApprovalRecord> FindOpenOfSession(ReadBatch reads, Guid sessionId, string agentId) =>
        reads.Add(FindWaitingOfSession, Read, sessionId, database.Now, agentId);

    /// <summary>As <see cref="FindOpenOfSession"/>, about a task.</summary>
    public List<ApprovalRecord> FindOpenOfTask(ReadBatch reads, Guid taskId, string agentId) =>
        reads.Add(FindWaitingOfTask, Read, taskId, database.Now, agentId);

    public Task<List<ApprovalRecord>> FindOverdueAsync(UnitOfWork work, int atMost) => work.QueryAsync(FindOverdue, Read, database.Now, atMost);

    public Task<(IReadOnlyList<ApprovalRecord> Rows, string NextToken)> ListAsync(
        PageRequest page, ListApprovalsRequest filter, Guid? sessionId, Guid? taskId, string agentId, ServerCallContext context) =>
        database.QueryPageAsync(context, page, a => a.Id.ToString(), a => a.Arguments.Length, List, Read, page.AfterId, EnumText.Of(filter.Status), sessionId, taskId, agentId, filter.Action, page.Fetch);

    /// <summary>Writes an approval that was read with <see cref="FindToChangeAsync"/> or <see cref="FindOverdueAsync"/>, as changed.</summary>
    public ApprovalRecord Change(UnitOfWork work, ApprovalRecord changed)
    {
        changed = changed with { Version = changed.Version + 1 };
        work.Execute(Update, changed.Id, EnumText.Of(changed.Status), EnumText.Of(changed.ApproverRole), changed.ExpiresAt, changed.Escalated, changed.DecidedBy,
            changed.DecidedAt, changed.Notes, changed.ConsumedAt, changed.Version);
        work.Wake(ApprovalRules.TopicOf(changed.Id));
        return changed;
    }

    private static DateTimeOffset Microseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    private static ApprovalRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), Id(row, 1), Id(row, 2), row.GetString(3), row.GetString(4), EnumText.Parse<Role>(row.GetString(5)), row.GetString(6), row.GetString(7),
        row.GetString(8), row.GetString(9), EnumText.Parse<ApprovalStatus>(row.GetString(10)), row.GetFieldValue<DateTimeOffset>(11),
        EnumText.Parse<OnExpiry>(row.GetString(12)), EnumText.Parse<Role>(row.GetString(13)), row.GetBoolean(14), row.GetString(15), Time(row, 16),
        row.GetString(17), Time(row, 18), row.GetInt64(19), row.GetFieldValue<DateTimeOffset>(20));

    private static Guid? Id(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetGuid(column);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
