using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of live contexts.</summary>
public sealed class ContextStore(Database database)
{
    // Takes the session's row, as appending events does, so that of two updates the second begins where the first ended.
    private const string Take = "SELECT FROM session.sessions WHERE id = $1 AND status IN ('pending', 'active') FOR NO KEY UPDATE";

    private const string Prolong = "UPDATE session.sessions SET expires_at = $2 + make_interval(secs => ttl_seconds) WHERE id = $1";

    private const string Find = """
        SELECT s.agent_id, s.status, s.last_sequence, s.expires_at < $2 + make_interval(secs => 0.9 * s.ttl_seconds), c.document, c.counters, c.version, c.updated_at
          FROM session.sessions AS s LEFT JOIN session.contexts AS c ON c.session_id = s.id
         WHERE s.id = $1
        """;

    private const string Upsert = """
        INSERT INTO session.contexts (session_id, document, counters, version, updated_at) VALUES ($1, $2::jsonb, $3::jsonb, $4, $5)
        ON CONFLICT ON CONSTRAINT contexts_pkey DO UPDATE
           SET document = excluded.document, counters = excluded.counters, version = excluded.version, updated_at = excluded.updated_at
        """;

    public Task<ContextRecord?> FindAsync(Guid sessionId, ServerCallContext context) =>
        database.QuerySingleAsync(context, Find, row => Read(sessionId, row), sessionId, database.Now);

    /// <summary>
    /// Reads the context, keeps others from changing it, and commits what <paramref name="change"/> makes of it; null when there is no such session. Two
    /// statements, in one round trip: a snapshot that was taken before the row was ours would show the context as it was then.
    /// </summary>
    public Task<UpdateContextResponse?> ChangeAsync(UnitOfWork work, Guid sessionId, Func<ContextRecord, UpdateContextResponse> change)
    {
        work.Execute(Take, sessionId);
        return work.ChangeAsync(sessionId, Find, row => Read(sessionId, row), change, sessionId, database.Now);
    }

    public void Put(UnitOfWork work, ContextRecord context)
    {
        work.Execute(Upsert, context.SessionId, context.Document, context.WriteCounters(), context.Version, context.UpdatedAt);
        // The session is in use. Now and then is enough: a tenth of its time is lost at most.
        if (context.IsProlongationDue)
            work.Execute(Prolong, context.SessionId, context.UpdatedAt);
    }

    private static ContextRecord Read(Guid sessionId, NpgsqlDataReader row)
    {
        var (agentId, status, events, isDue) = (row.GetString(0), EnumText.Parse<SessionStatus>(row.GetString(1)), row.GetInt64(2), row.GetBoolean(3));
        return row.IsDBNull(4) ? new ContextRecord(sessionId, agentId, status, events, isDue, "{}", new Dictionary<string, long>(), 0, null)
            : new ContextRecord(sessionId, agentId, status, events, isDue, row.GetString(4), ContextRecord.ReadCounters(row.GetString(5)), row.GetInt64(6),
                row.GetFieldValue<DateTimeOffset>(7));
    }
}
