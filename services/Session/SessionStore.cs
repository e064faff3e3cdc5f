using System.Buffers.Binary;
using System.Diagnostics;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of sessions.</summary>
public sealed class SessionStore(Database database, SessionSettings settings)
{
    private const string SessionColumns = """
        id, role, task, agent_id, subject_type, subject_id, profile, status, metadata, trace_id, legal_hold, ttl_seconds, expires_at, last_sequence,
        version, created_at, updated_at, ended_at
        """;

    private const string Insert = """
        INSERT INTO session.sessions (id, role, task, agent_id, subject_type, subject_id, profile, status, metadata, trace_id, legal_hold, ttl_seconds,
            expires_at, last_sequence, version, created_at, updated_at)
        SELECT id, role, task, agent_id, subject_type, subject_id, profile, status, metadata::jsonb, trace_id, false, ttl_seconds, expires_at, 0, 1, at, at
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::int4[],
                      $12::timestamptz[], $13::timestamptz[])
            AS n (id, role, task, agent_id, subject_type, subject_id, profile, status, metadata, trace_id, ttl_seconds, expires_at, at)
        """;

    private const string Find = $"SELECT {SessionColumns} FROM session.sessions WHERE id = $1";

    private const string FindOfTask = $"SELECT {SessionColumns} FROM session.sessions WHERE id = (SELECT session_id FROM session.tasks WHERE id = $1)";

    // Keyset paging: ids are UUIDv7, so their order is the order of creation, and a range of times is a range of ids. The ids know milliseconds alone.
    private const string List = $"""
        SELECT {SessionColumns} FROM session.sessions
         WHERE ($1::uuid IS NULL OR id < $1)
           AND ($2 = '' OR status = $2)
           AND ($3 = '' OR role = $3)
           AND ($4 = '' OR agent_id = $4)
           AND ($5 = '' OR subject_type = $5)
           AND ($6 = '' OR subject_id = $6)
           AND ($7::uuid IS NULL OR id >= $7 AND created_at >= $8)
           AND ($9::uuid IS NULL OR id < $9 AND created_at < $10)
           AND ($11::jsonb IS NULL OR metadata @> $11::jsonb)
         ORDER BY id DESC
         LIMIT $12
        """;

    private const string Transition = $"""
        UPDATE session.sessions
           SET status = $3, version = version + 1, updated_at = $4, ended_at = CASE WHEN $5 THEN $4 END,
               expires_at = CASE WHEN $5 THEN expires_at ELSE $4 + make_interval(secs => ttl_seconds) END
         WHERE id = $1 AND version = $2
        RETURNING {SessionColumns}
        """;

    private const string Update = $"""
        UPDATE session.sessions
           SET task = $3, profile = $4, metadata = $5::jsonb, legal_hold = $6, version = version + 1, updated_at = $7,
               expires_at = CASE WHEN ended_at IS NOT NULL THEN expires_at ELSE $7 + make_interval(secs => ttl_seconds) END
         WHERE id = $1 AND version = $2
        RETURNING {SessionColumns}
        """;

    // SKIP LOCKED lets several instances sweep side by side; who holds a row is doing something with it, so it is not left alone.
    private const string Expire = $"""
        UPDATE session.sessions SET status = 'expired', version = version + 1, updated_at = $1, ended_at = $1
         WHERE id = ANY (ARRAY(
            SELECT id FROM session.sessions WHERE status IN ('pending', 'active') AND expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED))
        RETURNING {SessionColumns}
        """;

    // What belongs to a session goes with it: its events here, the rest by foreign key. Sessions with many events go few at a time, so that no
    // transaction is long.
    private const string Remove = """
        WITH due AS (
            SELECT id, ended_at, last_sequence FROM session.sessions WHERE ended_at <= $1 AND NOT legal_hold
             ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED),
        counted AS (SELECT id, sum(last_sequence) OVER (ORDER BY ended_at, id) - last_sequence AS events_before FROM due),
        removed AS (DELETE FROM session.sessions AS s USING counted WHERE s.id = counted.id AND counted.events_before < $3 RETURNING s.id),
        history AS (DELETE FROM session.events WHERE session_id = ANY (ARRAY(SELECT id FROM removed)))
        SELECT id FROM removed
        """;

    /// <summary>Adds a pending session; every column's value is known here, so nothing is read back.</summary>
    public SessionRecord Create(UnitOfWork work, CreateSessionRequest request, string agentId, string metadata)
    {
        var now = database.Now;
        var ttl = TimeSpan.FromSeconds(request.Ttl?.Seconds ?? (long)settings.ExpireAfter.TotalSeconds);
        var session = new SessionRecord
        {
            Id = Guid.CreateVersion7(now),
            Role = request.Role,
            Task = request.Task,
            AgentId = agentId,
            SubjectType = request.Subject?.Type ?? "",
            SubjectId = request.Subject?.Id ?? "",
            Profile = request.Profile,
            Status = SessionStatus.Pending,
            Metadata = metadata,
            TraceId = Activity.Current?.TraceId.ToHexString() ?? "",
            LegalHold = false,
            Ttl = ttl,
            ExpiresAt = now + ttl,
            LastSequence = 0,
            Version = 1,
            CreatedAt = now,
            UpdatedAt = now,
            EndedAt = null,
        };
        work.ExecuteRows(Insert, new[] { session.Id }, new[] { session.Role }, new[] { session.Task }, new[] { agentId }, new[] { session.SubjectType },
            new[] { session.SubjectId }, new[] { session.Profile }, new[] { EnumText.Of(session.Status) }, new[] { metadata }, new[] { session.TraceId },
            new[] { (int)ttl.TotalSeconds }, new[] { session.ExpiresAt }, new[] { now });
        return session;
    }

    public Task<SessionRecord?> FindAsync(Guid id, ServerCallContext context) =>
        database.QuerySingleAsync(context, Find, Read, id);

    public Task<SessionRecord?> FindAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(Find, Read, id);

    /// <summary>Reads a session together with other things.</summary>
    public List<SessionRecord> FindWith(ReadBatch reads, Guid id) => reads.Add(Find, Read, id);

    /// <summary>Reads, together with other things, the session that a task belongs to.</summary>
    public List<SessionRecord> FindByTask(ReadBatch reads, Guid taskId) => reads.Add(FindOfTask, Read, taskId);

    public Task<(IReadOnlyList<SessionRecord> Rows, string NextToken)> ListAsync(PageRequest page, SessionFilter filter, ServerCallContext context) =>
        database.QueryPageAsync(context, page, s => s.Id.ToString(), s => s.Metadata.Length, List, Read, page.AfterId, EnumText.Of(filter.Status), filter.Role, filter.AgentId, filter.SubjectType, filter.SubjectId,
            filter.StartAt is { } start ? FirstIdAt(start, 0) : null, filter.StartAt ?? DateTimeOffset.MinValue,
            filter.EndAt is { } end ? FirstIdAt(end, 1) : null, filter.EndAt ?? DateTimeOffset.MinValue,
            filter.MetadataContains.Length == 0 ? null : filter.MetadataContains, page.Fetch);

    /// <summary>Moves the session as it was read; null when somebody else has changed it since.</summary>
    public Task<SessionRecord?> TransitionAsync(UnitOfWork work, SessionRecord session, SessionStatus to) =>
        work.QuerySingleAsync(Transition, Read, session.Id, session.Version, EnumText.Of(to), database.Now, SessionRules.IsEnded(to));

    /// <summary>Writes what a session says of itself; null when somebody else has changed it since.</summary>
    public Task<SessionRecord?> UpdateAsync(UnitOfWork work, SessionRecord session) =>
        work.QuerySingleAsync(Update, Read, session.Id, session.Version, session.Task, session.Profile, session.Metadata, session.LegalHold, database.Now);

    /// <summary>Ends sessions that were left alone for too long, so many at most, and gives them back.</summary>
    public Task<List<SessionRecord>> ExpireAsync(UnitOfWork work, int limit) => work.QueryAsync(Expire, Read, database.Now, limit);

    /// <summary>Removes sessions whose time after their end is over, so many at most, and fewer when they have more events; gives back their ids.</summary>
    public Task<List<Guid>> RemoveAsync(UnitOfWork work, int limit, int eventLimit) =>
        work.QueryAsync(Remove, row => row.GetGuid(0), database.Now - settings.Retention, limit, eventLimit);

    // The lowest id of that millisecond, or of a later one: a UUIDv7 begins with the milliseconds since 1970.
    private static Guid FirstIdAt(DateTimeOffset time, int laterMs)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, Math.Max(0, time.ToUnixTimeMilliseconds() + laterMs) << 16);
        return new Guid(bytes, bigEndian: true);
    }

    private static SessionRecord Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Role = row.GetString(1),
        Task = row.GetString(2),
        AgentId = row.GetString(3),
        SubjectType = row.GetString(4),
        SubjectId = row.GetString(5),
        Profile = row.GetString(6),
        Status = EnumText.Parse<SessionStatus>(row.GetString(7)),
        Metadata = row.GetString(8),
        TraceId = row.GetString(9),
        LegalHold = row.GetBoolean(10),
        Ttl = TimeSpan.FromSeconds(row.GetInt32(11)),
        ExpiresAt = row.GetFieldValue<DateTimeOffset>(12),
        LastSequence = row.GetInt64(13),
        Version = row.GetInt64(14),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(15),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(16),
        EndedAt = row.IsDBNull(17) ? null : row.GetFieldValue<DateTimeOffset>(17),
    };
}
