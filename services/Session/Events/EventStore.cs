using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of events.</summary>
public sealed class EventStore(Database database)
{
    // The next numbers are taken and used in one statement. It locks the session's row until the commit, so another writer waits, then goes on from
    // what was committed; one that is rolled back gives its numbers back. Hence no gaps; and since numbers are committed in their order, whoever
    // reads, under whichever snapshot, sees of each session all events up to one and none after it.
    private const string AppendAll = """
        WITH head AS (
            UPDATE session.sessions AS s
               SET last_sequence = s.last_sequence + g.events,
                   expires_at = CASE WHEN s.expires_at < g.at + make_interval(secs => 0.9 * s.ttl_seconds) THEN g.at + make_interval(secs => s.ttl_seconds) ELSE s.expires_at END
              FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bigint[]) AS g (id, agent_id, events, at, maximum)
             WHERE s.id = g.id AND s.status IN ('pending', 'active') AND s.last_sequence + g.events <= g.maximum AND (g.agent_id = '' OR s.agent_id = g.agent_id)
            RETURNING s.id, s.last_sequence, s.last_sequence - g.events AS before, g.at),
        added AS (
            INSERT INTO session.events (session_id, sequence, type, source, message, payload, salience, size_bytes, created_at)
            SELECT head.id, head.before + e.number, e.type, e.source, e.message, e.payload::jsonb, e.salience, e.size_bytes, head.at
              FROM unnest($6::uuid[], $7::int4[], $8::text[], $9::text[], $10::text[], $11::text[], $12::float8[], $13::int4[])
                AS e (session_id, number, type, source, message, payload, salience, size_bytes) JOIN head ON head.id = e.session_id)
        SELECT id, last_sequence FROM head
        """;

    private const string EventColumns = "sequence, type, source, message, payload, salience, created_at";

    // Sizes are added up before payloads are read; they lie elsewhere when they are large.
    private const string After = $"""
        SELECT {EventColumns} FROM (
            SELECT e.*, sum(size_bytes) OVER (ORDER BY sequence) - size_bytes AS bytes_before
              FROM (SELECT * FROM session.events WHERE session_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3) AS e) AS page
         WHERE bytes_before < $4
         ORDER BY sequence
        """;

    private const string Before = $"""
        SELECT {EventColumns} FROM (
            SELECT e.*, sum(size_bytes) OVER (ORDER BY sequence DESC) - size_bytes AS bytes_before
              FROM (SELECT * FROM session.events WHERE session_id = $1 AND sequence < $2 AND sequence > $5 ORDER BY sequence DESC LIMIT $3) AS e) AS page
         WHERE bytes_before < $4
         ORDER BY sequence DESC
        """;

    // The limit is no parameter: for an unknown one Postgres thinks its generic plan dear, and plans anew at every call.
    private const string Last = $"SELECT {EventColumns} FROM session.events WHERE session_id = $1 ORDER BY sequence DESC LIMIT 10";

    private const string LastOfTask = $"""
        SELECT {EventColumns} FROM session.events WHERE session_id = (SELECT session_id FROM session.tasks WHERE id = $1) ORDER BY sequence DESC LIMIT 10
        """;

    /// <summary>
    /// Appends events to an open session, an agent to its own, and commits; null, and nothing has happened, when there is no such session or it takes no
    /// more.
    /// </summary>
    public Task<AppendEventsResponse?> AppendAsync(UnitOfWork work, Guid sessionId, NewEvents events, Func<AppendResult, AppendEventsResponse> then) => work.ChangeRowAsync(
        sessionId, AppendAll, row => new AppendResult(row.GetInt64(1)), then, new[] { sessionId }, new[] { work.Caller.AgentId }, new[] { (long)events.Count },
        new[] { database.Now }, new[] { EventRules.SessionMaximumEvents }, Columns.Of(events.Count, sessionId), events.Numbers, events.Types, events.Sources, events.Messages, events.Payloads, events.Saliences, events.SizesBytes);

    /// <summary>The events that follow a sequence, oldest first: so many at most, and fewer when they are large.</summary>
    public Task<List<EventRecord>> AfterAsync(Guid sessionId, long sequence, int limit, ServerCallContext context) =>
        database.QueryAsync(context, After, Read, sessionId, sequence, limit, EventRules.PageMaximumBytes);

    /// <summary>The events before a sequence and after another, newest first: so many at most, and fewer when they are large.</summary>
    public Task<List<EventRecord>> BeforeAsync(Guid sessionId, long sequence, long afterSequence, int limit, ServerCallContext context) =>
        database.QueryAsync(context, Before, Read, sessionId, sequence, limit, EventRules.PageMaximumBytes, afterSequence);

    /// <summary>Reads, together with other things, the last ten events of a session, newest first; fewer when they are large.</summary>
    public List<EventRecord> LastTenOf(ReadBatch reads, Guid sessionId, int atMostCharacters) =>
        reads.AddUpTo(atMostCharacters, SizeOf, Last, Read, sessionId);

    /// <summary>As <see cref="LastTenOf"/>, of the session that a task belongs to.</summary>
    public List<EventRecord> LastTenOfTask(ReadBatch reads, Guid taskId, int atMostCharacters) =>
        reads.AddUpTo(atMostCharacters, SizeOf, LastOfTask, Read, taskId);

    private static int SizeOf(EventRecord e) => e.Payload.Length + e.Message.Length;

    private static EventRecord Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetDouble(5), row.GetFieldValue<DateTimeOffset>(6));
}
