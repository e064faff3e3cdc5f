using AgentPlatform.Contracts.Registry.V1;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>The SQL by which tasks are handed out and taken back.</summary>
public sealed class LeaseStore(Database database, Wakeups wakeups, TaskSettings settings)
{
    // The agent's own queue and those of the pools that it matches; of each the foremost, locked, and of those the foremost as a whole. Rows that somebody
    // else takes at this moment are passed over. An agent that is not active, or at another epoch, or by a stream that another one has replaced, has no queues and gets nothing; FOR SHARE holds up whoever
    // would change that, so that what takes an agent's leases away finds all of them. Where nothing waits nothing is locked: such a look writes nothing, and its commit waits for no disk.
    private const string Claiming = $"""
        WITH me AS (
            SELECT id, roles, platform, capabilities, tags FROM registry.agents a
             WHERE id = $1 AND epoch = $2 AND status = 'active' AND ($7::bigint IS NULL OR link = $7)
               AND (EXISTS (SELECT FROM registry.tasks WHERE queue = 'agent:' || $1 AND status = 'pending')
                    OR EXISTS (SELECT FROM registry.pools p
                                WHERE (p.role = '' OR p.role = ANY (a.roles)) AND (p.platform = '' OR p.platform = a.platform)
                                  AND p.capabilities <@ a.capabilities AND p.tags <@ a.tags
                                  AND EXISTS (SELECT FROM registry.tasks WHERE queue = p.key AND status = 'pending')))
               FOR SHARE OF a
        ), room AS (
            SELECT greatest(0, least($3, $4 - (SELECT count(*) FROM registry.tasks WHERE {AgentTaskRow.Holder} = $1))) AS tasks
        ), queues AS (
            SELECT 'agent:' || id AS queue FROM me
            UNION ALL
            SELECT p.key FROM registry.pools p, me
             WHERE (p.role = '' OR p.role = ANY (me.roles)) AND (p.platform = '' OR p.platform = me.platform)
               AND p.capabilities <@ me.capabilities AND p.tags <@ me.tags
        ), chosen AS (
            SELECT foremost.id FROM queues CROSS JOIN LATERAL (
                SELECT id, priority FROM registry.tasks WHERE queue = queues.queue AND status = 'pending'
                 ORDER BY priority DESC, id LIMIT (SELECT tasks FROM room) FOR UPDATE SKIP LOCKED) AS foremost
             ORDER BY foremost.priority DESC, foremost.id LIMIT (SELECT tasks FROM room)
        ), taken AS (
            UPDATE registry.tasks u
               SET status = 'assigned', agent_id = $1, holder_epoch = $2, attempt = u.attempt + 1, lease_until = $5, updated_at = $6, version = u.version + 1
              FROM chosen WHERE u.id = chosen.id
            RETURNING u.*
        ), told AS (
            INSERT INTO registry.task_reports (task_id) SELECT id FROM taken WHERE origin LIKE 'session/task/%'
        )
        """;

    private const string Claim = $"""
        {Claiming}
        SELECT {AgentTaskRow.Columns}, t.payload, t.result FROM taken t LEFT JOIN registry.pools p ON p.key = t.pool ORDER BY t.priority DESC, t.id
        """;

    // With how the agent stands, in each row and in one if there is no task: a stream that was woken has then all that it must know.
    private const string ClaimForStream = $"""
        {Claiming}, standing AS (
            SELECT a.epoch, a.status, a.link, coalesce(c.version, 0) AS config_version,
                   ARRAY(SELECT id FROM registry.tasks WHERE {AgentTaskRow.Holder} = $1 AND cancel_requested) AS cancels
              FROM registry.agents a LEFT JOIN registry.agent_config c ON c.agent_id = a.id WHERE a.id = $1
        )
        SELECT {AgentTaskRow.Columns}, t.payload, t.result, s.epoch, s.status, s.link, s.config_version, s.cancels, (SELECT tasks FROM room)
          FROM standing s LEFT JOIN taken t ON true LEFT JOIN registry.pools p ON p.key = t.pool ORDER BY t.priority DESC, t.id
        """;

    private const int StandingColumn = 34;

    private const string Select = $"SELECT {AgentTaskRow.Columns}, NULL::jsonb, NULL::jsonb FROM registry.tasks t LEFT JOIN registry.pools p ON p.key = t.pool";

    // Several instances share the work; what somebody moves at this moment is looked at again.
    private const string FindExpired = $"{Select} WHERE t.lease_until <= $1 ORDER BY t.lease_until LIMIT $2 FOR UPDATE OF t SKIP LOCKED";

    private const string FindHeld = $"{Select} WHERE {AgentTaskRow.Holder} = $1 AND t.holder_epoch < $2 ORDER BY t.id FOR UPDATE OF t";

    private const string FindHeldBy = $"{Select} WHERE {AgentTaskRow.Holder} = ANY ($1) ORDER BY t.id FOR UPDATE OF t";

    // Ahead of the next one, as a statement of its own that sees what was committed while it waited: no newer stream comes in between.
    private const string KeepLink = "SELECT id FROM registry.agents WHERE id = $1 FOR SHARE";

    private const string FindUnnamed = $"""
        SELECT {AgentTaskRow.Columns}, t.payload, t.result FROM registry.tasks t LEFT JOIN registry.pools p ON p.key = t.pool
         WHERE {AgentTaskRow.Holder} = $1 AND t.holder_epoch = $2 AND NOT t.id = ANY ($3)
           AND EXISTS (SELECT FROM registry.agents WHERE id = $1 AND epoch = $2 AND link = $4)
         ORDER BY t.priority DESC, t.id FOR UPDATE OF t
        """;

    private const string CancelAllWaiting = """
        UPDATE registry.tasks SET status = 'cancelled', reason = 'AGENT_DEREGISTERED', ended_at = $2, updated_at = $2, version = version + 1
         WHERE queue = $1 AND status IN ('pending', 'delayed')
        """;

    private const string Promote = """
        UPDATE registry.tasks SET status = 'pending', updated_at = $1, version = version + 1
         WHERE id = ANY (ARRAY(SELECT id FROM registry.tasks WHERE status = 'delayed' AND available_at <= $1 ORDER BY available_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING id, queue
        """;

    private const string Waiting = """
        SELECT q FROM unnest($1::text[]) q WHERE EXISTS (SELECT FROM registry.tasks WHERE queue = q AND status = 'pending')
        UNION ALL SELECT key FROM registry.pools WHERE EXISTS (SELECT FROM registry.tasks WHERE queue = key AND status = 'pending')
        """;

    /// <summary>
    /// Hands out at most <paramref name="atMost"/> tasks, and no more than that the agent holds <paramref name="maximumHeld"/> in all; the foremost first.
    /// </summary>
    public async Task<List<AgentTaskRecord>> ClaimAsync(UnitOfWork work, string agentId, long epoch, int atMost, int maximumHeld)
    {
        var now = database.Now;
        var claimed = await work.QueryAsync(Claim, AgentTaskRow.Read, agentId, epoch, (long)atMost, (long)maximumHeld, now + settings.AssignmentLease, now, null);
        if (claimed.Exists(SessionTasks.IsOne))
            work.Wake(TaskReports.Topic);
        return claimed;
    }

    /// <summary>The same for the stream that is the agent's last one, and commits; with how the agent stands.</summary>
    public async Task<HandedOut> ClaimAndCommitAsync(UnitOfWork work, string agentId, AgentStream stream, int atMost)
    {
        var now = database.Now;
        var (standing, room) = (default(AgentStanding), 0L);
        var rows = await work.CommitQueryAsync(ClaimForStream, row =>
        {
            if (standing is null)
                (standing, room) = (StandingOf(row), row.GetInt64(StandingColumn + 5));
            return row.IsDBNull(0) ? null : AgentTaskRow.Read(row);
        }, agentId, stream.Epoch, (long)atMost, (long)stream.MaxInFlight, now + settings.AssignmentLease, now, stream.Link);
        var claimed = rows.OfType<AgentTaskRecord>().ToList();
        // What was handed out is known only now, and committed.
        if (claimed.Exists(SessionTasks.IsOne))
            wakeups.Signal(TaskReports.Topic);
        return new HandedOut(claimed, room, standing);
    }

    private static AgentStanding StandingOf(NpgsqlDataReader row) => new(row.GetInt64(StandingColumn), EnumText.Parse<AgentStatus>(row.GetString(StandingColumn + 1)),
        row.GetInt64(StandingColumn + 2), row.GetInt64(StandingColumn + 3), row.GetFieldValue<Guid[]>(StandingColumn + 4));

    /// <summary>Tasks whose holders have had them too long, locked; they come without payload and result.</summary>
    public Task<List<AgentTaskRecord>> FindExpiredAsync(UnitOfWork work, int limit) => work.QueryAsync(FindExpired, AgentTaskRow.Read, database.Now, limit);

    /// <summary>What an agent holds by epochs before this one, locked; without payload and result.</summary>
    public Task<List<AgentTaskRecord>> FindHeldAsync(UnitOfWork work, string agentId, long beforeEpoch) => work.QueryAsync(FindHeld, AgentTaskRow.Read, agentId, beforeEpoch);

    /// <summary>What these agents hold, locked; without payload and result.</summary>
    public Task<List<AgentTaskRecord>> FindHeldByAsync(UnitOfWork work, string[] agentIds) => work.QueryAsync(FindHeldBy, AgentTaskRow.Read, [agentIds]);

    /// <summary>What an agent holds at this epoch and does not name, locked; the foremost first. Nothing for a stream that another one has replaced.</summary>
    public Task<List<AgentTaskRecord>> FindUnnamedAsync(UnitOfWork work, string agentId, long epoch, long link, Guid[] named)
    {
        work.Execute(KeepLink, agentId);
        return work.QueryAsync(FindUnnamed, AgentTaskRow.Read, agentId, epoch, named, link);
    }

    /// <summary>Cancels all that waits in a queue.</summary>
    public void CancelWaiting(UnitOfWork work, string queue) => work.Execute(CancelAllWaiting, queue, database.Now);

    /// <summary>Makes delayed tasks pending whose time has come; gives back their queues.</summary>
    public Task<List<(Guid Id, string Queue)>> PromoteAsync(UnitOfWork work, int limit) => work.QueryAsync(Promote, row => (row.GetGuid(0), row.GetString(1)), database.Now, limit);

    /// <summary>Which of these queues, and which pools, have something to hand out.</summary>
    public Task<List<string>> FindWaitingAsync(UnitOfWork work, string[] queues) => work.QueryAsync(Waiting, row => row.GetString(0), [queues]);
}
