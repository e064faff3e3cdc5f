using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of notices.</summary>
public sealed class NoticeStore
{
    /// <summary>What a new notice wakes.</summary>
    public const string Topic = "notices";

    private const string Insert = "INSERT INTO session.notices (id, type, role, session_id, body) VALUES ($1, $2, $3, $4::uuid, $5)";

    // A row for each webhook that wants a notice, and one without webhook for a notice that nobody wants.
    private const string Take = """
        WITH taken AS (
            DELETE FROM session.notices WHERE id = ANY (ARRAY(
                SELECT id FROM session.notices ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
            RETURNING id, type, role, session_id, body)
        SELECT n.id, n.type, n.role, n.session_id, n.body, w.id
          FROM taken AS n
          LEFT JOIN session.sessions AS s ON s.id = n.session_id AND n.role = ''
          LEFT JOIN session.webhooks AS w ON w.enabled AND n.type = ANY (w.event_types) AND (w.role = '' OR w.role = coalesce(s.role, n.role))
         ORDER BY n.id
        """;

    public void Add(UnitOfWork work, Notice notice)
    {
        work.Execute(Insert, notice.Id, notice.Type, notice.Role, notice.SessionId, notice.Body);
        work.Wake(Topic);
    }

    /// <summary>Takes the oldest notices away, so many at most, each with every webhook that wants it. Other instances take others.</summary>
    public Task<List<(Notice Notice, Guid? WebhookId)>> TakeAsync(UnitOfWork work, int limit) => work.QueryAsync(Take, Read, limit);

    private static (Notice Notice, Guid? WebhookId) Read(NpgsqlDataReader row) =>
        (new Notice(row.GetGuid(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetGuid(3), row.GetString(4)), row.IsDBNull(5) ? null : row.GetGuid(5));
}
