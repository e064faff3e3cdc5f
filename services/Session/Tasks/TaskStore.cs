using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of tasks.</summary>
public sealed class TaskStore(Database database, TaskSettings settings)
{
    private const string Columns = """
        id, type, from_role, to_role, payload, priority, timeout_seconds, trace_id, idempotency_key, digest, session_id, status, created_by,
        agent_id, assigned_to, progress_percent, progress_message, result, reason, version, created_at, updated_at, times_out_at, ended_at,
        dispatch, registry_version
        """;

    private const string Insert = """
        INSERT INTO session.tasks (id, type, from_role, to_role, payload, priority, timeout_seconds, trace_id, idempotency_key, digest, session_id, status,
               created_by, agent_id, assigned_to, progress_percent, progress_message, reason, version, created_at, updated_at, times_out_at, dispatch,
               registry_version)
        VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11::uuid, $12, $13, $14, '', 0, '', '', 1, $15, $15, $16, $17, 0)
        """;

    // Waits for a twin that is being inserted at this moment, and then gives way to it.
    private const string InsertUnlessTaken = $"{Insert} ON CONFLICT (created_by, idempotency_key) WHERE idempotency_key <> '' DO NOTHING RETURNING {Columns}";

    private const string Find = $"SELECT {Columns} FROM session.tasks WHERE id = $1";

    // The second of two who move it waits here, and then sees what the first has done.
    private const string FindToChange = $"{Find} FOR UPDATE";

    private const string FindAllToChange = $"SELECT {Columns} FROM session.tasks WHERE id = ANY ($1) ORDER BY id FOR UPDATE";

    private const string FindByKey = $"SELECT {Columns} FROM session.tasks WHERE created_by = $1 AND idempotency_key = $2 AND idempotency_key <> ''";

    // Keyset paging: ids are UUIDv7, so their order is the order of sending.
    private const string List = $"""
        SELECT {Columns} FROM session.tasks
         WHERE ($1::uuid IS NULL OR id < $1)
           AND ($2 = '' OR status = $2)
           AND ($3 = '' OR from_role = $3)
           AND ($4 = '' OR to_role = $4)
           AND ($5::uuid IS NULL OR session_id = $5)
           AND ($6 = '' OR agent_id = $6 OR assigned_to = $6)
         ORDER BY id DESC
         LIMIT $7
        """;

    // Several instances share the work; what somebody moves at this moment is looked at again.
    private const string FindOverdue = $"""
        SELECT {Columns} FROM session.tasks
         WHERE status IN ('pending', 'assigned', 'in_progress') AND times_out_at <= $1
         ORDER BY times_out_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """;

    private const string Update = """
        UPDATE session.tasks
           SET status = $2, assigned_to = $3, progress_percent = $4, progress_message = $5, result = $6::jsonb, reason = $7, version = $8, updated_at = $9,
               ended_at = $10::timestamptz, registry_version = $11
         WHERE id = $1
        """;

    // A task of a session goes with it; this is for those that have none. What waits for a person about them goes along, by foreign key.
    private const string Remove = """
        DELETE FROM session.tasks WHERE id = ANY (ARRAY(
            SELECT id FROM session.tasks WHERE ended_at <= $1 AND session_id IS NULL ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING id
        """;

    private const string CountOfSession = """
        SELECT count(*) FILTER (WHERE ended_at IS NULL), count(*) FILTER (WHERE ended_at IS NOT NULL),
               coalesce(floor(avg(CASE WHEN ended_at IS NULL THEN progress_percent ELSE 100 END)), 0)::integer
          FROM session.tasks WHERE session_id = $1
        """;

    /// <summary>
    /// Adds a task as <see cref="TaskRules.Check(CreateTaskRequest, Caller)"/> has read it; the same one again gives back what is there, with another id.
    /// </summary>
    public async Task<(TaskRecord Task, bool Existed)> AddAsync(UnitOfWork work, TaskRecord task)
    {
        var now = database.Now;
        task = task with { Id = Guid.CreateVersion7(now), CreatedAt = now, UpdatedAt = now, TimesOutAt = now.AddSeconds(task.TimeoutSeconds) };
        object?[] values =
        [
            task.Id, task.Type, task.FromRole, task.ToRole, task.Payload, task.Priority, task.TimeoutSeconds, task.TraceId, task.IdempotencyKey, task.Digest,
            task.SessionId, EnumText.Of(task.Status), task.CreatedBy, task.AgentId, now, task.TimesOutAt, task.Dispatch,
        ];
        if (task.IdempotencyKey.Length == 0)
            work.Execute(Insert, values);
        else if (await work.QuerySingleAsync(InsertUnlessTaken, Read, values) is null)
            // Retention may have removed it in this very moment; then its key is free, and a repeat finds it so.
            return (TaskRules.CheckSame(await work.QuerySingleAsync(FindByKey, Read, task.CreatedBy, task.IdempotencyKey)
                ?? throw Errors.ConcurrentUpdate("The task with this idempotency key"), task), true);
        return (task, false);
    }

    public Task<TaskRecord?> FindAsync(Guid id, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, id);

    public Task<TaskRecord?> FindAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(Find, Read, id);

    /// <summary>Reads it and keeps others from changing it until the work ends.</summary>
    public Task<TaskRecord?> FindToChangeAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToChange, Read, id);

    public Task<List<TaskRecord>> FindOverdueAsync(UnitOfWork work, int atMost) => work.QueryAsync(FindOverdue, Read, database.Now, atMost);

    public Task<(IReadOnlyList<TaskRecord> Rows, string NextToken)> ListAsync(
        PageRequest page, ListTasksRequest filter, Guid? sessionId, string agentId, ServerCallContext context) =>
        database.QueryPageAsync(context, page, t => t.Id.ToString(), t => t.Payload.Length + (t.ResultJson?.Length ?? 0), List, Read, page.AfterId, EnumText.Of(filter.Status), filter.FromRole, filter.ToRole, sessionId, agentId, page.Fetch);

    /// <summary>Reads several and keeps others from changing them until the work ends; always in the same order, so that of two batches one waits for the other.</summary>
    public Task<List<TaskRecord>> FindToChangeAsync(UnitOfWork work, Guid[] ids) => work.QueryAsync(FindAllToChange, Read, ids);

    /// <summary>Writes a task that was read with <see cref="FindToChangeAsync"/> or <see cref="FindOverdueAsync"/>, as changed.</summary>
    public void Change(UnitOfWork work, TaskRecord changed)
    {
        work.Execute(Update, changed.Id, EnumText.Of(changed.Status), changed.AssignedTo, changed.ProgressPercent, changed.ProgressMessage, changed.ResultJson,
            changed.Reason, changed.Version, changed.UpdatedAt, changed.EndedAt, changed.RegistryVersion);
        work.Wake(TaskRules.TopicOf(changed.Id));
    }

    /// <summary>Removes tasks without a session whose time after their end is over, so many at most; gives back their ids.</summary>
    public Task<List<Guid>> RemoveAsync(UnitOfWork work, int limit) => work.QueryAsync(Remove, row => row.GetGuid(0), database.Now - settings.Retention, limit);

    /// <summary>Reads a task together with other things.</summary>
    public List<TaskRecord> FindWith(ReadBatch reads, Guid id) => reads.Add(Find, Read, id);

    /// <summary>Counts a session's tasks together with other reads.</summary>
    public List<TaskCounts> CountOf(ReadBatch reads, Guid sessionId) =>
        reads.Add(CountOfSession, row => new TaskCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt32(2)), sessionId);

    private static TaskRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt32(5), row.GetInt32(6), row.GetString(7),
        row.GetString(8), row.GetString(9), row.IsDBNull(10) ? null : row.GetGuid(10), EnumText.Parse<RoleTaskStatus>(row.GetString(11)), row.GetString(12),
        row.GetString(13), row.GetString(14), row.GetInt32(15), row.GetString(16), row.IsDBNull(17) ? null : row.GetString(17), row.GetString(18),
        row.GetInt64(19), row.GetFieldValue<DateTimeOffset>(20), row.GetFieldValue<DateTimeOffset>(21), row.GetFieldValue<DateTimeOffset>(22),
        row.IsDBNull(23) ? null : row.GetFieldValue<DateTimeOffset>(23), row.GetBoolean(24), row.GetInt64(25));
}
