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
        id, session_id, agent_id, requested_by, approver_role, action, arguments, digest, reason, status, expires_at, on_expiry, escalate_to, escalated,
        decided_by, decided_at, notes, consumed_at, version, created_at
        """;

    private const string Insert = """
        INSERT INTO session.approvals (id, session_id, agent_id, requested_by, approver_role, action, arguments, digest, reason, status, expires_at,
               on_expiry, escalate_to, escalated, decided_by, notes, version, created_at)
        VALUES ($1, $2::uuid, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11, $12, $13, false, '', '', 1, $14)
        """;

    private const string Find = $"SELECT {Columns} FROM session.approvals WHERE id = $1";

    // The second of two deciders, or of two users, waits here, and then sees what the first has done.
    private const string FindToChange = $"{Find} FOR UPDATE";

    // Keyset paging: ids are UUIDv7, so their order is the order of asking.
    private const string List = $"""
        SELECT {Columns} FROM session.approvals
         WHERE ($1::uuid IS NULL OR id < $1)
           AND ($2 = '' OR status = $2)
           AND ($3::uuid IS NULL OR session_id = $3)
           AND ($4 = '' OR agent_id = $4)
         ORDER BY id DESC
         LIMIT $5
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
    public ApprovalRecord Add(UnitOfWork work, RequestApprovalRequest request, Guid? sessionId, string arguments, TimeSpan expiresIn)
    {
        var now = database.Now;
        var onExpiry = request.OnExpiry == OnExpiry.Unspecified ? OnExpiry.Deny : request.OnExpiry;
        var approval = new ApprovalRecord(Guid.CreateVersion7(now), sessionId, work.Caller.AgentId, work.Caller.Subject, request.ApproverRole, request.Action,
            arguments, ApprovalDigest.Of(request.Action, request.Arguments), request.Reason, ApprovalPending, Microseconds(now + expiresIn), onExpiry,
            request.EscalateTo, false, "", null, "", null, 1, now);
        work.Execute(Insert, approval.Id, approval.SessionId, approval.AgentId, approval.RequestedBy, EnumText.Of(approval.ApproverRole), approval.Action,
            arguments, approval.Digest, approval.Reason, EnumText.Of(approval.Status), approval.ExpiresAt, EnumText.Of(onExpiry), EnumText.Of(approval.EscalateTo), now);
        return approval;
    }

    public Task<ApprovalRecord?> FindAsync(Guid id, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, id);

    /// <summary>Reads it and keeps others from changing it until the work ends.</summary>
    public Task<ApprovalRecord?> FindToChangeAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToChange, Read, id);

    public Task<List<ApprovalRecord>> FindOverdueAsync(UnitOfWork work, int atMost) => work.QueryAsync(FindOverdue, Read, database.Now, atMost);

    public Task<List<ApprovalRecord>> ListAsync(PageRequest page, ApprovalStatus status, Guid? sessionId, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.AfterId, EnumText.Of(status), sessionId, agentId, page.Fetch);

    /// <summary>Writes an approval that was read with <see cref="FindToChangeAsync"/> or <see cref="FindOverdueAsync"/>, as changed.</summary>
    public ApprovalRecord Change(UnitOfWork work, ApprovalRecord changed)
    {
        changed = changed with { Version = changed.Version + 1 };
        work.Execute(Update, changed.Id, EnumText.Of(changed.Status), EnumText.Of(changed.ApproverRole), changed.ExpiresAt, changed.Escalated, changed.DecidedBy,
            changed.DecidedAt, changed.Notes, changed.ConsumedAt, changed.Version);
        work.Wake(ApprovalWatcher.TopicOf(changed.Id));
        return changed;
    }

    private static DateTimeOffset Microseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    private static ApprovalRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.IsDBNull(1) ? null : row.GetGuid(1), row.GetString(2), row.GetString(3), EnumText.Parse<Role>(row.GetString(4)), row.GetString(5),
        row.GetString(6), row.GetString(7), row.GetString(8), EnumText.Parse<ApprovalStatus>(row.GetString(9)), row.GetFieldValue<DateTimeOffset>(10),
        EnumText.Parse<OnExpiry>(row.GetString(11)), EnumText.Parse<Role>(row.GetString(12)), row.GetBoolean(13), row.GetString(14), Time(row, 15),
        row.GetString(16), Time(row, 17), row.GetInt64(18), row.GetFieldValue<DateTimeOffset>(19));

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
