namespace AgentPlatform.Registry;

/// <summary>The SQL of who lives.</summary>
public sealed class PresenceStore(Database database)
{
    // Locked in one order, whatever the order of the beats: two instances may write the same agents. What was locked is as it stands after the wait, so it tells
    // truly who was offline. Clocks of two instances differ, and a sign of life is never taken back.
    private const string Write = """
        WITH beats AS (
            SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::double precision[], $6::integer[])
                AS b (agent_id, epoch, at, health, load_percent, running_tasks)
        ), known AS (
            SELECT p.agent_id, p.is_online FROM registry.presence p
             WHERE p.agent_id = ANY (ARRAY(
                   SELECT a.id FROM beats b JOIN registry.agents a ON a.id = b.agent_id AND a.epoch = b.epoch AND a.status IN ('active', 'quarantined')))
             ORDER BY p.agent_id FOR UPDATE
        ), written AS (
            UPDATE registry.presence p
               SET is_online = true, last_heartbeat_at = greatest(p.last_heartbeat_at, b.at), health = b.health, load_percent = b.load_percent,
                   running_tasks = b.running_tasks
              FROM known k JOIN beats b USING (agent_id)
             WHERE p.agent_id = k.agent_id
        ), came AS (
            INSERT INTO registry.agent_events (agent_id, kind, epoch, detail, occurred_at)
            SELECT k.agent_id, 'online', b.epoch, '', b.at FROM known k JOIN beats b USING (agent_id) WHERE NOT k.is_online
            RETURNING agent_id
        )
        SELECT agent_id, true FROM came
        UNION ALL SELECT agent_id, false FROM beats WHERE agent_id NOT IN (SELECT agent_id FROM known)
        """;

    // A clock that went back by more than an outage is as good as one: what was noted in its future tells nothing.
    private const string BeatPlatform = """
        INSERT INTO registry.platform_beat AS b (is_it, last_beat_at, up_since) VALUES (true, $1, $1)
        ON CONFLICT ON CONSTRAINT platform_beat_pkey DO UPDATE
           SET up_since = CASE WHEN b.last_beat_at BETWEEN $1 - $2::interval AND $1 + $2::interval THEN b.up_since ELSE $1 END,
               last_beat_at = CASE WHEN b.last_beat_at BETWEEN $1 AND $1 + $2::interval THEN b.last_beat_at ELSE $1 END
        RETURNING up_since
        """;

    private const string Reap = """
        WITH silent AS (
            UPDATE registry.presence SET is_online = false
             WHERE agent_id = ANY (ARRAY(
                   SELECT agent_id FROM registry.presence WHERE is_online AND last_heartbeat_at <= $1 ORDER BY agent_id LIMIT $2 FOR UPDATE SKIP LOCKED))
            RETURNING agent_id, last_heartbeat_at
        )
        INSERT INTO registry.agent_events (agent_id, kind, epoch, detail, occurred_at)
        SELECT s.agent_id, 'offline', a.epoch, 'last heartbeat ' || to_char(s.last_heartbeat_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), $3
          FROM silent s JOIN registry.agents a ON a.id = s.agent_id
        RETURNING agent_id
        """;

    private const string FindOldest = "SELECT min(last_heartbeat_at) FROM registry.presence WHERE is_online HAVING count(*) > 0";

    private const string RemoveEvents = """
        DELETE FROM registry.agent_events WHERE (tx, id) IN (
            SELECT tx, id FROM registry.agent_events WHERE occurred_at <= $1 ORDER BY occurred_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING id
        """;

    /// <summary>Writes beats; gives back who came online by them (true), and who was not taken: unknown, disabled, or at another epoch (false).</summary>
    public Task<List<(string AgentId, bool CameOnline)>> WriteAsync(UnitOfWork work, IReadOnlyList<KeyValuePair<string, Beat>> beats) => work.QueryAsync(Write,
        row => (row.GetString(0), row.GetBoolean(1)),
        beats.Select(b => b.Key).ToArray(), beats.Select(b => b.Value.Epoch).ToArray(), beats.Select(b => b.Value.At).ToArray(),
        beats.Select(b => EnumText.Of(b.Value.Health)).ToArray(), beats.Select(b => b.Value.LoadPercent).ToArray(), beats.Select(b => b.Value.RunningTasks).ToArray());

    /// <summary>Notes that the platform lives; gives back since when it does without a gap longer than <paramref name="outage"/>.</summary>
    public async Task<DateTimeOffset> BeatPlatformAsync(UnitOfWork work, TimeSpan outage) =>
        (await work.QueryAsync(BeatPlatform, row => row.GetFieldValue<DateTimeOffset>(0), database.Now, outage))[0];

    /// <summary>Takes those offline whose last heartbeat was before, so many at most; gives back their ids.</summary>
    public Task<List<string>> ReapAsync(UnitOfWork work, DateTimeOffset before, int limit) => work.QueryAsync(Reap, row => row.GetString(0), before, limit, database.Now);

    /// <summary>The longest silence of those online; null when nobody is.</summary>
    public async Task<DateTimeOffset?> FindOldestAsync(UnitOfWork work) =>
        await work.QueryAsync(FindOldest, row => row.GetFieldValue<DateTimeOffset>(0)) is [var oldest] ? oldest : null;

    /// <summary>Removes events from before, so many at most; gives back how many.</summary>
    public async Task<int> RemoveEventsAsync(UnitOfWork work, DateTimeOffset before, int limit) => (await work.QueryAsync(RemoveEvents, row => row.GetInt64(0), before, limit)).Count;
}
