using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of live contexts.</summary>
public sealed class ContextStore(Database database)
{
    // Takes the session's row, as appending events does, so that of two updates the second begins where the first ended.
    private const string Take = """
        SELECT FROM unnest($1::uuid[]) AS g (id)
         CROSS JOIN LATERAL (SELECT FROM session.sessions AS s WHERE s.id = g.id AND s.status IN ('pending', 'active') FOR NO KEY UPDATE) AS taken
        """;

    private const string Prolong = """
        UPDATE session.sessions AS s SET expires_at = g.at + make_interval(secs => s.ttl_seconds)
          FROM unnest($1::uuid[], $2::timestamptz[]) AS g (id, at) WHERE s.id = g.id
        """;

    private const string FindEach = """
        SELECT s.id, s.agent_id, s.status, s.last_sequence, c.document, c.counters, c.version, c.updated_at,
               s.expires_at < g.at + make_interval(secs => 0.9 * s.ttl_seconds)
          FROM unnest($1::uuid[], $2::timestamptz[]) AS g (id, at) JOIN session.sessions AS s ON s.id = g.id LEFT JOIN session.contexts AS c ON c.session_id = s.id
        """;

    // For a read of one, which is planned once; of a statement over columns Postgres would not believe that outside of a group.
    private const string Find = """
        SELECT s.id, s.agent_id, s.status, s.last_sequence, c.document, c.counters, c.version, c.updated_at, false
          FROM session.sessions AS s LEFT JOIN session.contexts AS c ON c.session_id = s.id
         WHERE s.id = $1
        """;

    private const string Upsert = """
        INSERT INTO session.contexts (session_id, document, counters, version, updated_at)
        SELECT id, document::jsonb, counters::jsonb, version, at
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[]) AS n (id, document, counters, version, at)
        ON CONFLICT ON CONSTRAINT contexts_pkey DO UPDATE
           SET document = excluded.document, counters = excluded.counters, version = excluded.version, updated_at = excluded.updated_at
        """;

    public Task<ContextRecord?> FindAsync(Guid sessionId, ServerCallContext context) =>
        database.QuerySingleAsync(context, Find, Read, sessionId);

    /// <summary>
    /// Reads the context, keeps others from changing it, and commits what <paramref name="change"/> makes of it; null when there is no such session. Two
    /// statements, in one round trip: a snapshot that was taken before the row was ours would show the context as it was then.
    /// </summary>
    public Task<UpdateContextResponse?> ChangeAsync(UnitOfWork work, Guid sessionId, Func<ContextRecord, UpdateContextResponse> change)
    {
        work.ExecuteRows(Take, new[] { sessionId });
        return work.ChangeRowAsync(sessionId, FindEach, Read, change, new[] { sessionId }, new[] { database.Now });
    }

    public void Put(UnitOfWork work, ContextRecord context)
    {
        work.ExecuteRows(Upsert, new[] { context.SessionId }, new[] { context.Document }, new[] { context.WriteCounters() }, new[] { context.Version }, new[] { context.UpdatedAt });
        // The session is in use. Now and then is enough: a tenth of its time is lost at most.
        if (context.IsProlongationDue)
            work.ExecuteRows(Prolong, new[] { context.SessionId }, new[] { context.UpdatedAt });
    }

    private static ContextRecord Read(NpgsqlDataReader row)
    {
        var (id, agentId, status, events, isDue) = (row.GetGuid(0), row.GetString(1), EnumText.Parse<SessionStatus>(row.GetString(2)), row.GetInt64(3), row.GetBoolean(8));
        return row.IsDBNull(4) ? new ContextRecord(id, agentId, status, events, isDue, "{}", new Dictionary<string, long>(), 0, null)
            : new ContextRecord(id, agentId, status, events, isDue, row.GetString(4), ContextRecord.ReadCounters(row.GetString(5)), row.GetInt64(6),
                row.GetFieldValue<DateTimeOffset>(7));
    }
}
