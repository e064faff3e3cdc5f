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
            UPDATE session.sessions
               SET last_sequence = last_sequence + $3,
                   expires_at = CASE WHEN expires_at < $4 + make_interval(secs => 0.9 * ttl_seconds) THEN $4 + make_interval(secs => ttl_seconds) ELSE expires_at END
             WHERE id = $1 AND status IN ('pending', 'active') AND last_sequence + $3 <= $5 AND ($2 = '' OR agent_id = $2)
            RETURNING last_sequence),
        added AS (
            INSERT INTO session.events (session_id, sequence, type, source, message, payload, salience, size_bytes, created_at)
            SELECT $1, head.last_sequence - $3 + e.number, e.type, e.source, e.message, e.payload::jsonb, e.salience, e.size_bytes, $4
              FROM head, unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::float8[], $11::int4[])
              WITH ORDINALITY AS e (type, source, message, payload, salience, size_bytes, number))
        SELECT last_sequence FROM head
        """;

    private const string Columns = "sequence, type, source, message, payload, salience, created_at";

    // Sizes are added up before payloads are read; they lie elsewhere when they are large.
    private const string After = $"""
        SELECT {Columns} FROM (
            SELECT e.*, sum(size_bytes) OVER (ORDER BY sequence) - size_bytes AS bytes_before
              FROM (SELECT * FROM session.events WHERE session_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3) AS e) AS page
         WHERE bytes_before < $4
         ORDER BY sequence
        """;

    private const string Before = $"""
        SELECT {Columns} FROM (
            SELECT e.*, sum(size_bytes) OVER (ORDER BY sequence DESC) - size_bytes AS bytes_before
              FROM (SELECT * FROM session.events WHERE session_id = $1 AND sequence < $2 AND sequence > $5 ORDER BY sequence DESC LIMIT $3) AS e) AS page
         WHERE bytes_before < $4
         ORDER BY sequence DESC
        """;

    // The limit is no parameter: for an unknown one Postgres thinks its generic plan dear, and plans anew at every call.
    private const string Last = $"SELECT {Columns} FROM session.events WHERE session_id = $1 ORDER BY sequence DESC LIMIT 10";

    private const string LastOfTask = $"""
        SELECT {Columns} FROM session.events WHERE session_id = (SELECT session_id FROM session.tasks WHERE id = $1) ORDER BY sequence DESC LIMIT 10
        """;

    /// <summary>
    /// Appends events to an open session, an agent to its own, and commits; null, and nothing has happened, when there is no such session or it takes no
    /// more.
    /// </summary>
    public Task<AppendEventsResponse?> AppendAsync(UnitOfWork work, Guid sessionId, NewEvents events, Func<AppendResult, AppendEventsResponse> then) => work.ChangeAsync(
        sessionId, AppendAll, row => new AppendResult(row.GetInt64(0)), then, sessionId, work.Caller.AgentId, events.Count, database.Now,
        EventRules.SessionMaximumEvents, events.Types, events.Sources, events.Messages, events.Payloads, events.Saliences, events.SizesBytes);

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
