using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>All SQL of tasks but the handing out, which is <see cref="LeaseStore"/>'s.</summary>
public sealed class AgentTaskStore(Database database, TaskSettings settings)
{
    // Rows that come with payload and result, and rows for lists; AgentTaskRow reads both.
    private const string WithPayload = $"SELECT {AgentTaskRow.Columns}, t.payload, t.result FROM registry.tasks t LEFT JOIN registry.pools p ON p.key = t.pool";
    private const string WithoutPayload = $"SELECT {AgentTaskRow.Columns}, NULL::jsonb, NULL::jsonb FROM registry.tasks t LEFT JOIN registry.pools p ON p.key = t.pool";

    private const string InsertPool = """
        INSERT INTO registry.pools (key, role, platform, capabilities, tags, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
        """;

    // One statement however many tasks. The agent is taken from its own row: without one the task has no queue, which the table refuses.
    private const string Insert = """
        INSERT INTO registry.tasks (id, parent_id, origin, type, payload, agent_id, pool, queue, priority, status, available_at, timeout_seconds, max_attempts,
               backoff_seconds, attempt, attempt_limit, holder_epoch, cancel_requested, progress_percent, progress_message, reason, message, correlation_id,
               created_by, created_at, updated_at, version)
        SELECT n.id, n.parent_id, n.origin, n.type, n.payload::jsonb, a.id, n.pool, n.queue, n.priority, n.status, n.available_at, n.timeout, n.attempts,
               n.backoff, 0, n.attempts, 0, false, 0, '', '', '', n.correlation_id, n.created_by, n.at, n.at, 1
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::int[],
                      $12::text[], $13::timestamptz[], $14::int[], $15::int[], $16::int[], $17::text[])
            AS n (id, parent_id, origin, created_by, at, type, payload, agent_id, pool, queue, priority, status, available_at, timeout, attempts, backoff, correlation_id)
          LEFT JOIN registry.agents a ON a.id = n.agent_id
        """;

    // The same, of tasks for agents whose streams are at this instance: what its stream has room for is the agent's at once, and needs no look and no second commit. The order
    // stays what it was, since nothing is handed over while something waits. As in LeaseStore, FOR SHARE holds up whoever would take the agent's right away;
    // agents are locked in the order of their ids, as by those who lock many.
    private const string InsertHandedOver = $"""
        INSERT INTO registry.tasks (id, parent_id, origin, type, payload, agent_id, pool, queue, priority, status, available_at, timeout_seconds, max_attempts,
               backoff_seconds, attempt, attempt_limit, holder_epoch, lease_until, cancel_requested, progress_percent, progress_message, reason, message,
               correlation_id, created_by, created_at, updated_at, version)
        WITH asked AS (
            SELECT n.* FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::int[],
                          $12::text[], $13::timestamptz[], $14::int[], $15::int[], $16::int[], $17::text[], $18::bigint[], $19::bigint[], $20::bigint[], $21::timestamptz[])
                AS n (id, parent_id, origin, created_by, at, type, payload, agent_id, pool, queue, priority, status, available_at, timeout, attempts, backoff, correlation_id,
                      epoch, link, most, lease_until)
        ), streams AS MATERIALIZED (
            SELECT s.queue, s.epoch, s.link, (SELECT count(*) FROM registry.tasks WHERE {AgentTaskRow.Holder} = s.agent_id) AS held
              FROM (SELECT DISTINCT agent_id COLLATE "C" AS agent_id, queue, epoch, link FROM asked WHERE link IS NOT NULL ORDER BY agent_id, epoch, link) s
             CROSS JOIN LATERAL (
                SELECT FROM registry.agents a
                 WHERE a.id = s.agent_id AND a.epoch = s.epoch AND a.link = s.link AND a.status = 'active'
                   AND NOT EXISTS (SELECT FROM registry.tasks WHERE queue = s.queue AND status = 'pending')
                   FOR SHARE OF a) standing
        )
        SELECT n.id, n.parent_id, n.origin, n.type, n.payload::jsonb, a.id, n.pool, n.queue, n.priority,
               CASE WHEN s.held IS NULL THEN n.status ELSE 'assigned' END, n.available_at, n.timeout, n.attempts, n.backoff,
               CASE WHEN s.held IS NULL THEN 0 ELSE 1 END, n.attempts, CASE WHEN s.held IS NULL THEN 0 ELSE n.epoch END,
               CASE WHEN s.held IS NOT NULL THEN n.lease_until END, false, 0, '', '', '', n.correlation_id, n.created_by, n.at, n.at,
               CASE WHEN s.held IS NULL THEN 1 ELSE 2 END
          FROM asked n LEFT JOIN registry.agents a ON a.id = n.agent_id LEFT JOIN streams s ON s.queue = n.queue AND s.epoch = n.epoch AND s.link = n.link AND s.held < n.most
        RETURNING id, status = 'assigned'
        """;

    private const string InsertUnlessTaken = $"{Insert} ON CONFLICT (origin) WHERE origin IS NOT NULL DO NOTHING RETURNING id";

    private const string Find = $"{WithPayload} WHERE t.id = $1";

    private const string FindByOrigin = $"{WithPayload} WHERE t.origin = $1";

    private const string FindByOriginToChange = $"{FindByOrigin} FOR UPDATE OF t";

    private const string FindAll = $"SELECT {AgentTaskRow.Columns}, NULL::jsonb, t.result FROM registry.tasks t LEFT JOIN registry.pools p ON p.key = t.pool WHERE t.id = ANY ($1)";

    // Who moves it second waits here, and then sees what the first has done.
    private const string FindToChange = $"{Find} FOR UPDATE OF t";

    // Keyset paging: ids are UUIDv7, so their order is the order of making.
    private const string List = $"""
        {WithoutPayload}
         WHERE ($1::uuid IS NULL OR t.id < $1)
           AND ($2 = '' OR t.agent_id = $2)
           AND ($3 = '' OR t.status = $3)
           AND ($4::uuid IS NULL OR t.parent_id = $4)
           AND ($5 = '' OR t.type = $5)
           AND (NOT $6 OR t.status IN ('failed', 'timed_out'))
         ORDER BY t.id DESC
         LIMIT $7
        """;

    // In two legs, each by its index; what is delayed comes after all that is not.
    private const string Queue = $"""
        ({WithoutPayload} WHERE t.queue = $1 AND t.status = 'pending'
            AND ($2::uuid IS NULL OR NOT $4 AND (t.priority < $3 OR t.priority = $3 AND t.id > $2)) ORDER BY t.priority DESC, t.id LIMIT $6)
        UNION ALL
        ({WithoutPayload} WHERE t.queue = $1 AND t.status = 'delayed'
            AND ($2::uuid IS NULL OR NOT $4 OR (t.available_at, t.id) > ($5, $2)) ORDER BY t.available_at, t.id LIMIT $6)
        """;

    // Each as it is found, so that whoever holds several has taken them in the order of their ids. What was to be done is of no interest to whoever says how it went.
    private const string FindEachToChange = $"""
        SELECT each.* FROM unnest($1::uuid[]) AS g (id) CROSS JOIN LATERAL (
            SELECT {AgentTaskRow.Columns}, NULL::jsonb, t.result FROM registry.tasks t LEFT JOIN registry.pools p ON p.key = t.pool WHERE t.id = g.id FOR UPDATE OF t) AS each
        """;

    private const string Update = """
        UPDATE registry.tasks AS t
           SET agent_id = n.agent_id, status = n.status, available_at = n.available_at, attempt_limit = n.attempt_limit, lease_until = n.lease_until,
               cancel_requested = n.cancel_requested, progress_percent = n.progress_percent, progress_message = n.progress_message, result = n.result::jsonb,
               reason = n.reason, message = n.message, updated_at = n.updated_at, started_at = n.started_at, ended_at = n.ended_at, version = n.version
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::int[], $6::timestamptz[], $7::bool[], $8::int[], $9::text[], $10::text[], $11::text[],
                      $12::text[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::bigint[])
            AS n (id, agent_id, status, available_at, attempt_limit, lease_until, cancel_requested, progress_percent, progress_message, result, reason, message,
                  updated_at, started_at, ended_at, version)
         WHERE t.id = n.id
        """;

    private const string Remove = """
        DELETE FROM registry.tasks WHERE id = ANY (ARRAY(
            SELECT id FROM registry.tasks WHERE ended_at <= $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING id
        """;

    private const string RemovePoolsSql = """
        DELETE FROM registry.pools p WHERE created_at <= $1 AND NOT EXISTS (SELECT FROM registry.tasks WHERE pool = p.key)
        """;

    private const string MatchingAgents = """
        SELECT id FROM registry.agents
         WHERE status = 'active' AND ($1 = '' OR $1 = ANY (roles)) AND ($2 = '' OR platform = $2) AND capabilities @> $3 AND tags @> $4
         ORDER BY id LIMIT $5
        """;

    private const string FindPool = "SELECT key, role, platform, capabilities, tags FROM registry.pools WHERE key = $1";

    /// <summary>Adds the tasks, all with this origin and parent; gives back their ids. With an origin that is taken, nothing and null.</summary>
    public async Task<IReadOnlyList<Guid>?> AddAsync(UnitOfWork work, IReadOnlyList<NewAgentTask> tasks, DateTimeOffset now)
    {
        var (ids, columns) = NewRows(work, tasks, now);
        if (tasks[0].Origin is null)
            work.ExecuteRows(Insert, columns);
        else if ((await work.QueryAsync(InsertUnlessTaken, row => row.GetGuid(0), [.. columns])).Count == 0)
            return null;
        return ids;
    }

    /// <summary>
    /// Adds the tasks, without an origin, and each that its stream has room for as one that the agent holds; gives back their ids.
    /// </summary>
    /// <param name="work">The unit of work.</param>
    /// <param name="tasks">The tasks.</param>
    /// <param name="streams">The streams of their agents, in the tasks' order, and fewer than how many tasks the agent must hold to have room; null for one without.</param>
    /// <param name="now">When they are made.</param>
    /// <param name="leaseUntil">Until when an agent has time to start what it was given.</param>
    /// <param name="added">Told of each whether the agent holds it; before the commit, and perhaps twice.</param>
    public IReadOnlyList<Guid> AddHandedOver(UnitOfWork work, IReadOnlyList<NewAgentTask> tasks, IReadOnlyList<(AgentStream Stream, long Most)?> streams, DateTimeOffset now, DateTimeOffset leaseUntil,
        Action<Guid, bool> added)
    {
        var (ids, columns) = NewRows(work, tasks, now);
        work.ExecuteRows(InsertHandedOver, row => added(row.GetGuid(0), row.GetBoolean(1)),
        [
            .. columns, streams.Select(s => s?.Stream.Epoch).ToArray(), streams.Select(s => s?.Stream.Link).ToArray(), streams.Select(s => s?.Most).ToArray(),
            Columns.Of(ids.Length, leaseUntil),
        ]);
        return ids;
    }

    private static (Guid[] Ids, Array[] Columns) NewRows(UnitOfWork work, IReadOnlyList<NewAgentTask> tasks, DateTimeOffset now)
    {
        foreach (var pool in tasks.Select(t => t.Pool).OfType<Pool>().DistinctBy(p => p.Key))
            work.Execute(InsertPool, pool.Key, pool.Role, EnumText.Of(pool.Platform), pool.Capabilities.ToArray(), pool.Tags.ToArray(), now);
        var ids = TaskIds.Next(tasks.Count, now);
        var (origin, parent) = (tasks[0].Origin, tasks[0].ParentId);
        Array[] columns =
        [
            ids, Columns.Of(ids.Length, parent), Columns.Of(ids.Length, origin), Columns.Of(ids.Length, work.Caller.Subject), Columns.Of(ids.Length, now),
            tasks.Select(t => t.Type).ToArray(), tasks.Select(t => t.Payload).ToArray(), tasks.Select(t => t.AgentId).ToArray(),
            tasks.Select(t => t.Pool?.Key).ToArray(), tasks.Select(t => t.Pool?.Key ?? AgentTaskRules.QueueOf(t.AgentId!)).ToArray(),
            tasks.Select(t => t.Priority).ToArray(),
            tasks.Select(t => EnumText.Of(t.NotBefore > now ? AgentTaskStatus.Delayed : AgentTaskStatus.Pending)).ToArray(),
            tasks.Select(t => t.NotBefore ?? now).ToArray(), tasks.Select(t => t.TimeoutSeconds).ToArray(), tasks.Select(t => t.MaxAttempts).ToArray(),
            tasks.Select(t => t.BackoffSeconds).ToArray(), tasks.Select(t => t.CorrelationId).ToArray(),
        ];
        return (ids, columns);
    }

    public Task<AgentTaskRecord?> FindAsync(Guid id, ServerCallContext context) => database.QuerySingleAsync(context, Find, AgentTaskRow.Read, id);

    public Task<AgentTaskRecord?> FindAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(Find, AgentTaskRow.Read, id);

    public Task<AgentTaskRecord?> FindByOriginAsync(UnitOfWork work, string origin) => work.QuerySingleAsync(FindByOrigin, AgentTaskRow.Read, origin);

    /// <summary>Reads several, with their results and without their payloads.</summary>
    public Task<List<AgentTaskRecord>> FindAsync(UnitOfWork work, Guid[] ids) => work.QueryAsync(FindAll, AgentTaskRow.Read, ids);

    /// <summary>Reads the task that this made, and keeps others from changing it until the work ends.</summary>
    public Task<AgentTaskRecord?> FindByOriginToChangeAsync(UnitOfWork work, string origin) => work.QuerySingleAsync(FindByOriginToChange, AgentTaskRow.Read, origin);

    /// <summary>Reads it and keeps others from changing it until the work ends.</summary>
    public Task<AgentTaskRecord?> FindToChangeAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToChange, AgentTaskRow.Read, id);

    /// <summary>
    /// Reads it without its payload, keeps others from changing it, and commits what is made of it, together with changes of other tasks; null when it is not there.
    /// </summary>
    public Task<TResponse?> ChangeAsync<TResponse>(UnitOfWork work, Guid id, Func<AgentTaskRecord, TResponse> change) where TResponse : class, IMessage =>
        work.ChangeRowAsync(id, FindEachToChange, AgentTaskRow.Read, change, new[] { id });

    public Task<List<AgentTaskRecord>> ListAsync(PageRequest page, ListTasksRequest filter, Guid? parentId, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, List, AgentTaskRow.Read, page.AfterId, agentId, EnumText.Of(filter.Status), parentId, filter.Type, filter.DeadLetters, page.Fetch);

    /// <summary>What waits in a queue, after a place in it.</summary>
    public async Task<List<AgentTaskRecord>> QueueAsync(string queue, QueuePlace? after, int atMost, ServerCallContext context)
    {
        var rows = await database.QueryAsync(context, Queue, AgentTaskRow.Read, queue, after?.Id, after?.Priority ?? 0, after?.IsDelayed ?? false,
            after?.AvailableAt ?? database.Now, atMost);
        // Each leg is in order; that one comes before the other is said here.
        return [.. rows.OrderBy(t => t.Status is AgentTaskStatus.Delayed).Take(atMost)];
    }

    /// <summary>Writes a task that was read to be changed, and wakes its watchers.</summary>
    public void Change(UnitOfWork work, AgentTaskRecord changed)
    {
        Array[] columns =
        [
            new[] { changed.Id }, new[] { changed.AgentId }, new[] { EnumText.Of(changed.Status) }, new[] { changed.AvailableAt }, new[] { changed.AttemptLimit },
            new[] { changed.LeaseUntil }, new[] { changed.CancelRequested }, new[] { changed.ProgressPercent }, new[] { changed.ProgressMessage },
            new[] { changed.ResultJson }, new[] { changed.Reason }, new[] { changed.Message }, new[] { changed.UpdatedAt }, new[] { changed.StartedAt },
            new[] { changed.EndedAt }, new[] { changed.Version },
        ];
        work.ExecuteRows(Update, columns);
        work.Wake(AgentTaskRules.TopicOf(changed.Id));
    }

    /// <summary>Removes tasks that ended long ago, so many at most; gives back their ids.</summary>
    public Task<List<Guid>> RemoveAsync(UnitOfWork work, int limit) => work.QueryAsync(Remove, row => row.GetGuid(0), database.Now - settings.Retention, limit);

    /// <summary>Removes pools that no task is of.</summary>
    public void RemovePools(UnitOfWork work) => work.Execute(RemovePoolsSql, database.Now - settings.Retention);

    /// <summary>The active agents that a selection names, so many at most.</summary>
    public Task<List<string>> MatchAsync(UnitOfWork work, AgentSelection selection, int limit) => work.QueryAsync(MatchingAgents, row => row.GetString(0),
        selection.Role, EnumText.Of(selection.Platform), selection.Capabilities.ToArray(), selection.Tags.ToArray(), limit);

    /// <summary>Reads a pool by its key, for the service itself.</summary>
    public async Task<Pool?> FindPoolAsync(string key, CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        return await work.QuerySingleAsync(FindPool, row => new Pool(
            row.GetString(0), row.GetString(1), EnumText.Parse<Platform>(row.GetString(2)), row.GetFieldValue<string[]>(3), row.GetFieldValue<string[]>(4)), key);
    }
}
