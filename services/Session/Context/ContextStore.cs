using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of live contexts.</summary>
public sealed class ContextStore(Database database)
{
    // Takes the session's row, as appending events does, so that of two updates the second begins where the first ended.
    private const string Take = """
        UPDATE session.sessions
           SET expires_at = CASE WHEN expires_at < $2 + make_interval(secs => 0.9 * ttl_seconds) THEN $2 + make_interval(secs => ttl_seconds) ELSE expires_at END
         WHERE id = $1 AND status IN ('pending', 'active')
        """;

    private const string Find = """
        SELECT s.agent_id, s.status, s.last_sequence, c.document, c.counters, c.version, c.updated_at
          FROM session.sessions AS s LEFT JOIN session.contexts AS c ON c.session_id = s.id
         WHERE s.id = $1
        """;

    private const string Upsert = """
        INSERT INTO session.contexts (session_id, document, counters, version, updated_at) VALUES ($1, $2::jsonb, $3::jsonb, $4, $5)
        ON CONFLICT ON CONSTRAINT contexts_pkey DO UPDATE
           SET document = excluded.document, counters = excluded.counters, version = excluded.version, updated_at = excluded.updated_at
        """;

    public Task<ContextRecord?> FindAsync(Guid sessionId, ServerCallContext context) =>
        database.QuerySingleAsync(context, Find, row => Read(sessionId, row), sessionId);

    /// <summary>
    /// Reads the context and keeps others from changing it until the commit. Two statements, in one round trip: a snapshot that was taken before the
    /// row was ours would show the context as it was then.
    /// </summary>
    public Task<ContextRecord?> TakeAsync(UnitOfWork work, Guid sessionId)
    {
        work.Execute(Take, sessionId, database.Now);
        return work.QuerySingleAsync(Find, row => Read(sessionId, row), sessionId);
    }

    public void Put(UnitOfWork work, ContextRecord context) =>
        work.Execute(Upsert, context.SessionId, context.Document, context.WriteCounters(), context.Version, context.UpdatedAt);

    private static ContextRecord Read(Guid sessionId, NpgsqlDataReader row)
    {
        var (agentId, status, events) = (row.GetString(0), EnumText.Parse<SessionStatus>(row.GetString(1)), row.GetInt64(2));
        return row.IsDBNull(3) ? new ContextRecord(sessionId, agentId, status, events, "{}", new Dictionary<string, long>(), 0, null)
            : new ContextRecord(sessionId, agentId, status, events, row.GetString(3), ContextRecord.ReadCounters(row.GetString(4)), row.GetInt64(5),
                row.GetFieldValue<DateTimeOffset>(6));
    }
}
