using System.Text.Json;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Npgsql;

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

    // Reads are of the service's own tables, so that both read the same rows; and they make the same answers of them, as bytes that could be sent.
    private const string FindSession = """
        SELECT id, role, task, agent_id, subject_type, subject_id, profile, status, metadata, trace_id, legal_hold, ttl_seconds, expires_at, last_sequence,
               version, created_at, updated_at, ended_at FROM session.sessions WHERE id = $1
        """;

    private const string FindContext = """
        SELECT c.document, c.counters, c.version, c.updated_at, s.last_sequence
          FROM session.contexts AS c JOIN session.sessions AS s ON s.id = c.session_id WHERE session_id = $1
        """;

    private const string FindLastEvents = """
        SELECT sequence, type, source, message, payload, salience, created_at FROM session.events WHERE session_id = $1 ORDER BY sequence DESC LIMIT 10
        """;

    private const string CountTasks = """
        SELECT count(*) FILTER (WHERE ended_at IS NULL), count(*) FILTER (WHERE ended_at IS NOT NULL), avg(progress_percent)
          FROM session.tasks WHERE session_id = $1
        """;

    private const string FindOpenApprovals = """
        SELECT id, session_id, agent_id, requested_by, action, digest, reason, status, expires_at, version, created_at
          FROM session.approvals WHERE session_id = $1 AND status = 'approval_pending' AND expires_at > $2 ORDER BY id DESC LIMIT 20
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

    public async Task GetSessionAsync(Guid session)
    {
        var answer = new GetSessionResponse();
        await hand.ReadAsync([(FindSession, [session])], (_, row) => answer.Session = SessionOf(row));
        answer.ToByteArray();
    }

    public async Task GetContextAsync(Guid session)
    {
        var answer = new GetContextResponse();
        await hand.ReadAsync([(FindContext, [session])], (_, row) => answer.Context = new SessionContext
        {
            SessionId = session.ToString(),
            Document = JsonStruct.Parse(row.GetString(0)),
            Counters = { JsonSerializer.Deserialize<Dictionary<string, long>>(row.GetString(1))!, { "events", row.GetInt64(4) } },
            Version = row.GetInt64(2),
            UpdateTime = TimeOf(row, 3),
        });
        answer.ToByteArray();
    }

    /// <summary>All that FetchStatus tells of a session, in one round trip.</summary>
    public async Task FetchStatusAsync(Guid session)
    {
        var answer = new FetchStatusResponse { Progress = new Progress() };
        await hand.ReadAsync([(FindLastEvents, [session]), (FindSession, [session]), (CountTasks, [session]), (FindOpenApprovals, [session, hand.Now])], (number, row) =>
        {
            switch (number)
            {
                case 0: answer.LastEvents.Insert(0, EventOf(row)); break;
                case 1: answer.Session = SessionOf(row); break;
                case 2: (answer.Progress.OpenTasks, answer.Progress.EndedTasks) = (row.GetInt64(0), row.GetInt64(1)); break;
                default: answer.OpenApprovals.Add(ApprovalOf(row)); break;
            }
        });
        answer.ToByteArray();
    }

    private static Session SessionOf(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0).ToString(),
        Role = row.GetString(1),
        Task = row.GetString(2),
        AgentId = row.GetString(3),
        Subject = row.GetString(4).Length == 0 ? null : new Subject { Type = row.GetString(4), Id = row.GetString(5) },
        Profile = row.GetString(6),
        Status = row.GetString(7) == "pending" ? SessionStatus.Pending : SessionStatus.Active,
        Metadata = JsonStruct.Parse(row.GetString(8)),
        TraceId = row.GetString(9),
        LegalHold = row.GetBoolean(10),
        Ttl = new Duration { Seconds = row.GetInt32(11) },
        ExpireTime = TimeOf(row, 12),
        LastSequence = row.GetInt64(13),
        Version = row.GetInt64(14),
        CreateTime = TimeOf(row, 15),
        UpdateTime = TimeOf(row, 16),
    };

    private static SessionEvent EventOf(NpgsqlDataReader row) => new()
    {
        Sequence = row.GetInt64(0),
        Type = row.GetString(1),
        Source = row.GetString(2),
        Message = row.GetString(3),
        Payload = JsonStruct.Parse(row.GetString(4)),
        Salience = row.GetDouble(5),
        CreateTime = TimeOf(row, 6),
    };

    private static Approval ApprovalOf(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0).ToString(),
        SessionId = row.GetGuid(1).ToString(),
        AgentId = row.GetString(2),
        RequestedBy = row.GetString(3),
        Action = row.GetString(4),
        Digest = row.GetString(5),
        Reason = row.GetString(6),
        Status = ApprovalStatus.ApprovalPending,
        ExpireTime = TimeOf(row, 8),
        Version = row.GetInt64(9),
        CreateTime = TimeOf(row, 10),
    };

    private static Timestamp TimeOf(NpgsqlDataReader row, int column) => row.GetFieldValue<DateTimeOffset>(column).ToTimestamp();
}
