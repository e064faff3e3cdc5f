using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of sessions.</summary>
public sealed class SessionStore(Database database)
{
    private const string Columns = "id, role, task, agent_id, status, metadata, version, created_at, updated_at, ended_at, event_count, legal_hold";

    private const string Insert = """
        INSERT INTO session.sessions (id, role, task, agent_id, status, metadata, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6::jsonb, 1, $7, $7)
        """;

    private const string Find = $"SELECT {Columns} FROM session.sessions WHERE id = $1";

    // Keyset paging: ids are UUIDv7, so their order is the order of creation.
    private const string List = $"""
        SELECT {Columns} FROM session.sessions
         WHERE ($1::uuid IS NULL OR id < $1)
           AND ($2 = '' OR status = $2)
           AND ($3 = '' OR role = $3)
           AND ($4 = '' OR agent_id = $4)
         ORDER BY id DESC
         LIMIT $5
        """;

    private const string Transition = $"""
        UPDATE session.sessions
           SET status = $3, version = version + 1, updated_at = $4, ended_at = CASE WHEN $5 THEN $4 END
         WHERE id = $1 AND version = $2
        RETURNING {Columns}
        """;

    private const string Hold = $"UPDATE session.sessions SET legal_hold = $2, version = version + 1, updated_at = $3 WHERE id = $1 RETURNING {Columns}";

    // Skips what somebody holds at this moment; it is as old at the next turn.
    private const string RemoveEnded = """
        DELETE FROM session.sessions WHERE id = ANY (ARRAY(
            SELECT id FROM session.sessions WHERE ended_at <= $1 AND NOT legal_hold ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING id::text
        """;

    /// <summary>Adds a pending session; every column's value is known here, so nothing is read back.</summary>
    public SessionRecord Create(UnitOfWork work, string role, string task, string agentId, string metadata)
    {
        var now = database.Now;
        var session = new SessionRecord(Guid.CreateVersion7(now), role, task, agentId, SessionStatus.Pending, metadata, 1, now, now, null);
        work.Execute(Insert, session.Id, role, task, agentId, EnumText.Of(session.Status), metadata, now);
        return session;
    }

    public Task<SessionRecord?> FindAsync(Guid id, ServerCallContext context) =>
        database.QuerySingleAsync(context, Find, Read, id);

    public Task<SessionRecord?> FindAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(Find, Read, id);

    public Task<List<SessionRecord>> ListAsync(PageRequest page, SessionStatus status, string role, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.AfterId, EnumText.Of(status), role, agentId, page.Fetch);

    /// <summary>Moves the session as it was read; null when somebody else has changed it since.</summary>
    public Task<SessionRecord?> TransitionAsync(UnitOfWork work, SessionRecord session, SessionStatus to) =>
        work.QuerySingleAsync(Transition, Read, session.Id, session.Version, EnumText.Of(to), database.Now, SessionRules.IsEnded(to));

    /// <summary>Holds a session or lets it go; null when there is none.</summary>
    public Task<SessionRecord?> HoldAsync(UnitOfWork work, Guid id, bool hold) => work.QuerySingleAsync(Hold, Read, id, hold, database.Now);

    /// <summary>Removes sessions that ended before this time, with their events; gives back their ids.</summary>
    public Task<List<string>> RemoveEndedAsync(UnitOfWork work, DateTimeOffset before, int atMost) =>
        work.QueryAsync(RemoveEnded, row => row.GetString(0), before, atMost);

    private static SessionRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3), EnumText.Parse<SessionStatus>(row.GetString(4)),
        row.GetString(5), row.GetInt64(6), row.GetFieldValue<DateTimeOffset>(7), row.GetFieldValue<DateTimeOffset>(8),
        row.IsDBNull(9) ? null : row.GetFieldValue<DateTimeOffset>(9), row.GetInt64(10), row.GetBoolean(11));
}
