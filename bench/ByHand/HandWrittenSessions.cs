using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Bench.ByHand;

/// <summary>What the session service does, by hand. Where a number that the database gives belongs into the stored answer, the database puts it there.</summary>
public sealed class HandWrittenSessions(HandWritten hand)
{
    private const string Service = "/agentplatform.session.v1.SessionService";

    private const string InsertSession = """
        INSERT INTO by_hand.sessions (id, role, task, agent_id, subject_type, subject_id, profile, status, metadata, trace_id, legal_hold, ttl_seconds,
            expires_at, last_sequence, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, '', '', '', 'pending', $5::jsonb, '', false, 604800, $6 + interval '604800 seconds', 0, 1, $6, $6)
        """;

    private const string InsertAnswer =
        "INSERT INTO by_hand.idempotency (caller, method, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4, $5, $6)";

    private const string AppendOne = """
        WITH head AS (UPDATE by_hand.sessions SET last_sequence = last_sequence + 1 WHERE id = $1 RETURNING last_sequence),
        added AS (
            INSERT INTO by_hand.events (session_id, sequence, type, source, message, payload, salience, size_bytes, created_at)
            SELECT $1, last_sequence, $2, $3, $4, $5::jsonb, $6, $7, $8 FROM head),
        answered AS (
            INSERT INTO by_hand.idempotency (created_at, caller, method, key, fingerprint, answer)
            SELECT $8, $9, $10, $11, $12, int8send(last_sequence) FROM head)
        SELECT last_sequence FROM head
        """;

    private const string AppendMany = """
        WITH head AS (UPDATE by_hand.sessions SET last_sequence = last_sequence + cardinality($2::text[]) WHERE id = $1 RETURNING last_sequence),
        added AS (
            INSERT INTO by_hand.events (session_id, sequence, type, source, message, payload, salience, size_bytes, created_at)
            SELECT $1, head.last_sequence - cardinality($2::text[]) + e.number, e.type, e.source, e.message, e.payload::jsonb, e.salience, e.size_bytes, $8
              FROM head, unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::int4[])
              WITH ORDINALITY AS e (type, source, message, payload, salience, size_bytes, number)),
        answered AS (
            INSERT INTO by_hand.idempotency (created_at, caller, method, key, fingerprint, answer)
            SELECT $8, $9, $10, $11, $12, int8send(last_sequence) FROM head)
        SELECT last_sequence FROM head
        """;

    private const string Increment = """
        WITH changed AS (
            UPDATE by_hand.contexts SET counters = jsonb_set(counters, ARRAY[$2], to_jsonb(coalesce((counters ->> $2)::bigint, 0) + $3)), version = version + 1, updated_at = $4
             WHERE session_id = $1 RETURNING document, counters, version),
        answered AS (
            INSERT INTO by_hand.idempotency (created_at, caller, method, key, fingerprint, answer)
            SELECT $4, $5, $6, $7, $8, convert_to(document::text || counters::text, 'UTF8') FROM changed)
        SELECT counters, version FROM changed
        """;

    // Reads are of the service's own tables, so that both read the same rows.
    private const string FindSession = "SELECT * FROM session.sessions WHERE id = $1";

    private const string FindContext = """
        SELECT c.*, s.last_sequence FROM session.contexts AS c JOIN session.sessions AS s ON s.id = c.session_id WHERE session_id = $1
        """;

    private const string FindLastEvents = "SELECT * FROM session.events WHERE session_id = $1 ORDER BY sequence DESC LIMIT 10";

    private const string CountTasks = """
        SELECT count(*) FILTER (WHERE ended_at IS NULL), count(*) FILTER (WHERE ended_at IS NOT NULL), avg(progress_percent)
          FROM session.tasks WHERE session_id = $1
        """;

    private const string FindOpenApprovals = """
        SELECT * FROM session.approvals WHERE session_id = $1 AND status = 'approval_pending' AND expires_at > $2 ORDER BY id DESC LIMIT 20
        """;

    /// <summary>Creates a session; with a key, stores the answer beside it.</summary>
    public async Task CreateAsync(CreateSessionRequest request, string metadata, string? key)
    {
        var now = hand.Now;
        var id = Guid.CreateVersion7(now);
        (string, object[]) insert = (InsertSession, [id, request.Role, request.Task, request.AgentId, metadata, now]);
        if (key is null)
        {
            await hand.WriteAsync("session.create", id, insert);
            return;
        }
        var answer = new CreateSessionResponse
        {
            Session = new Session
            {
                Id = id.ToString(),
                Role = request.Role,
                Task = request.Task,
                Status = SessionStatus.Pending,
                Metadata = request.Metadata,
                Version = 1,
                CreateTime = now.ToTimestamp(),
                UpdateTime = now.ToTimestamp(),
            },
        };
        await hand.WriteAsync("session.create", id, insert,
            (InsertAnswer, [.. HandWritten.CallOf($"{Service}/CreateSession", key, request), answer.ToByteArray(), now]));
    }

    /// <summary>Appends one event or more.</summary>
    public Task AppendAsync(Guid session, AppendEventsRequest request, string key)
    {
        var call = HandWritten.CallOf($"{Service}/AppendEvents", key, request);
        var events = request.Events;
        if (events is [var one])
            return hand.WriteAsync("session.append_events", session,
                (AppendOne, [session, one.Type, one.Source, one.Message, JsonFormatter.Default.Format(one.Payload), one.Salience, one.CalculateSize(), hand.Now, .. call]));
        object[] columns =
        [
            events.Select(e => e.Type).ToArray(), events.Select(e => e.Source).ToArray(), events.Select(e => e.Message).ToArray(),
            events.Select(e => JsonFormatter.Default.Format(e.Payload)).ToArray(), events.Select(e => e.Salience).ToArray(), events.Select(e => e.CalculateSize()).ToArray(),
        ];
        return hand.WriteAsync("session.append_events", session, (AppendMany, [session, .. columns, hand.Now, .. call]));
    }

    /// <summary>Adds to one counter of a live context.</summary>
    public Task IncrementAsync(Guid session, UpdateContextRequest request, string key)
    {
        var (counter, increment) = request.Increments.Single();
        return hand.WriteAsync("session.update_context", session,
            (Increment, [session, counter, increment, hand.Now, .. HandWritten.CallOf($"{Service}/UpdateContext", key, request)]));
    }

    public Task GetSessionAsync(Guid session) => hand.ReadAsync([(FindSession, [session])]);

    public Task GetContextAsync(Guid session) => hand.ReadAsync([(FindContext, [session])]);

    /// <summary>All that FetchStatus tells of a session, in one round trip.</summary>
    public Task FetchStatusAsync(Guid session) => hand.ReadAsync(
        [(FindLastEvents, [session]), (FindSession, [session]), (CountTasks, [session]), (FindOpenApprovals, [session, hand.Now])]);
}
