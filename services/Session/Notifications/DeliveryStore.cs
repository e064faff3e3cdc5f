using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of deliveries (B3's webhook_executions) and their attempts.</summary>
public sealed class DeliveryStore(Database database)
{
    /// <summary>What a new delivery wakes.</summary>
    public const string Topic = "webhook-deliveries";

    private const string Columns = """
        id, webhook_id, event_id, event_type, body, status, attempts, due_at, last_status_code, last_error, created_at, finished_at
        """;

    private const string Insert = """
        INSERT INTO session.webhook_executions (id, webhook_id, event_id, event_type, body, status, attempts, queued_at, due_at, last_status_code, last_error, created_at)
        SELECT id, webhook_id, event_id, event_type, body, 'queued', 0, $6, $6, 0, '', $6
          FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS added (id, webhook_id, event_id, event_type, body)
        """;

    // Those of removed webhooks are as if they were not there.
    private const string IsThere = "webhook_id <> ALL (ARRAY(SELECT w.id FROM session.webhooks AS w WHERE w.disabled_reason = 'removed'))";

    private const string FindToChange = $"SELECT {Columns} FROM session.webhook_executions WHERE id = $1 AND {IsThere} FOR UPDATE";

    // Keyset paging: ids are UUIDv7, so their order is the order of queueing.
    private const string List = $"""
        SELECT {Columns} FROM session.webhook_executions
         WHERE ($1::uuid IS NULL OR id < $1)
           AND ($2::uuid IS NULL OR webhook_id = $2)
           AND ($3 = '' OR status = $3)
           AND {IsThere}
         ORDER BY id DESC
         LIMIT $4
        """;

    // In one statement, so that what it says of the last attempt and the last attempt agree.
    private const string FindWithAttempts = $"""
        SELECT {Columns}, number, started_at, duration_ms, status_code, error, answer
          FROM session.webhook_executions
          LEFT JOIN LATERAL (
            SELECT * FROM session.webhook_attempts AS a WHERE a.execution_id = id ORDER BY a.number DESC LIMIT $2) AS attempts ON true
         WHERE id = $1 AND {IsThere}
         ORDER BY number DESC
        """;

    // Webhook by webhook, as many as this process has room for, so that a slow one with a long queue takes nobody's turn. due_at is the lease now: who
    // does not write down how it went until then is taken for dead.
    private const string Claim = """
        WITH due AS MATERIALIZED (
            SELECT next.id, w.id AS webhook_id, w.url, w.secret_generation, w.secret_key_id, CASE WHEN w.previous_until > $1 THEN w.previous_key_id ELSE '' END AS previous_key_id
              FROM session.webhooks AS w
              LEFT JOIN unnest($4::uuid[], $5::integer[]) AS running (webhook_id, attempts) ON running.webhook_id = w.id
             CROSS JOIN LATERAL (
                SELECT e.id FROM session.webhook_executions AS e
                 WHERE e.webhook_id = w.id AND e.status = 'queued' AND e.due_at <= $1
                 ORDER BY e.due_at LIMIT greatest(0, $3 - coalesce(running.attempts, 0)) FOR UPDATE SKIP LOCKED) AS next
             WHERE w.enabled)
        UPDATE session.webhook_executions AS e SET attempts = e.attempts + 1, due_at = $2
          FROM due WHERE e.id = due.id
        RETURNING e.id, e.attempts, e.queued_at, e.event_id, e.event_type, e.body, due.webhook_id, due.url, due.secret_generation, due.secret_key_id, due.previous_key_id
        """;

    // Once for each attempt, however often it is sent; an attempt that was overtaken is noted and changes nothing else.
    private const string Record = """
        WITH noted AS (
            INSERT INTO session.webhook_attempts (execution_id, number, started_at, duration_ms, status_code, error, answer)
            SELECT id, $2, $3, $4, $5, $6, $7 FROM session.webhook_executions WHERE id = $1
            ON CONFLICT DO NOTHING
            RETURNING execution_id)
        UPDATE session.webhook_executions AS e SET status = $8, due_at = $9, finished_at = $10::timestamptz, last_status_code = $5, last_error = $6
          FROM noted WHERE e.id = noted.execution_id AND e.attempts = $2 AND e.status = 'queued'
        """;

    private const string Requeue = $"""
        UPDATE session.webhook_executions SET status = 'queued', queued_at = $2, due_at = $2, finished_at = NULL WHERE id = $1 RETURNING {Columns}
        """;

    // One that another replay, or retention, holds at this moment is theirs.
    private const string RequeueDead = """
        UPDATE session.webhook_executions SET status = 'queued', queued_at = $2, due_at = $2, finished_at = NULL
         WHERE id = ANY (ARRAY(
            SELECT id FROM session.webhook_executions WHERE webhook_id = $1 AND status = 'dead' ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED))
        RETURNING id
        """;

    private const string HasDead = "SELECT 1 FROM session.webhook_executions WHERE webhook_id = $1 AND status = 'dead' LIMIT 1";

    // What waits for a webhook that is off: nobody attempts it, so nobody else gives it up.
    private const string GiveUpWaiting = """
        WITH late AS MATERIALIZED (
            SELECT waiting.id FROM session.webhooks AS w
             CROSS JOIN LATERAL (
                SELECT e.id FROM session.webhook_executions AS e
                 WHERE e.webhook_id = w.id AND e.status = 'queued' AND e.queued_at <= $2 AND e.due_at <= $1
                 LIMIT $3 FOR UPDATE SKIP LOCKED) AS waiting
             WHERE NOT w.enabled AND w.disabled_reason <> 'removed'
             LIMIT $3)
        UPDATE session.webhook_executions AS e SET status = 'dead', finished_at = $1, last_error = 'the webhook was switched off until its time was over'
          FROM late WHERE e.id = late.id
        RETURNING e.id
        """;

    private const string Remove = """
        DELETE FROM session.webhook_executions WHERE id = ANY (ARRAY(
            SELECT id FROM session.webhook_executions WHERE finished_at <= $1 ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING id
        """;

    private const string RemoveOfRemoved = """
        DELETE FROM session.webhook_executions WHERE id = ANY (ARRAY(
            SELECT e.id FROM session.webhooks AS w JOIN session.webhook_executions AS e ON e.webhook_id = w.id
             WHERE w.disabled_reason = 'removed' LIMIT $1 FOR UPDATE OF e SKIP LOCKED))
        RETURNING id
        """;

    private const string Backlog = """
        SELECT (SELECT count(*)::int FROM (SELECT FROM session.webhook_executions WHERE status = 'queued' LIMIT $1) AS q),
               (SELECT count(*)::int FROM (SELECT FROM session.webhook_executions WHERE status = 'dead' LIMIT $1) AS d)
        """;

    /// <summary>Queues a delivery of each notice to its webhook.</summary>
    public void Add(UnitOfWork work, IReadOnlyCollection<(Notice Notice, Guid WebhookId)> added)
    {
        if (added.Count == 0)
            return;
        var now = database.Now;
        AddRows(work, [.. added.Select(_ => Guid.CreateVersion7(now))], added, now);
    }

    /// <summary>Queues one delivery, and gives it back.</summary>
    public DeliveryRecord Add(UnitOfWork work, Notice notice, Guid webhookId)
    {
        var now = database.Now;
        var delivery = new DeliveryRecord(
            Guid.CreateVersion7(now), webhookId, notice.Id, notice.Type, notice.Body, DeliveryStatus.Queued, 0, now, 0, "", now, null);
        AddRows(work, [delivery.Id], [(notice, webhookId)], now);
        return delivery;
    }

    /// <summary>Reads it with its attempts, newest first, so many at most.</summary>
    public async Task<(DeliveryRecord? Delivery, IEnumerable<AttemptRecord> Attempts)> FindAsync(Guid id, int attempts, ServerCallContext context)
    {
        var rows = await database.QueryAsync(context, FindWithAttempts, row => (Delivery: Read(row), Attempt: ReadAttempt(row)), id, attempts);
        return (rows.Count == 0 ? null : rows[0].Delivery, rows.Select(r => r.Attempt).OfType<AttemptRecord>());
    }

    /// <summary>Reads it and keeps others from changing it until the work ends.</summary>
    public Task<DeliveryRecord?> FindToChangeAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToChange, Read, id);

    public Task<List<DeliveryRecord>> ListAsync(PageRequest page, Guid? webhookId, DeliveryStatus status, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.AfterId, webhookId, EnumText.Of(status), page.Fetch);

    /// <summary>Takes what is due, so much for each webhook that with what runs already it is <paramref name="atOncePerWebhook"/> at most.</summary>
    public Task<List<DueDelivery>> ClaimAsync(UnitOfWork work, TimeSpan lease, int atOncePerWebhook, IReadOnlyDictionary<Guid, int> running)
    {
        var now = database.Now;
        return work.QueryAsync(Claim, row => new DueDelivery(
            row.GetGuid(0), row.GetInt32(1), row.GetFieldValue<DateTimeOffset>(2), row.GetGuid(3), row.GetString(4), row.GetString(5), row.GetGuid(6), row.GetString(7),
            row.GetInt32(8), row.GetString(9), row.GetString(10)), now, now + lease, atOncePerWebhook, running.Keys.ToArray(), running.Values.ToArray());
    }

    /// <summary>Writes down how an attempt went, and when the next one is due: null gives up, unless it was delivered.</summary>
    public void Note(UnitOfWork work, AttemptOutcome outcome, DateTimeOffset? nextAt)
    {
        var status = outcome.IsDelivered ? DeliveryStatus.Delivered : nextAt is null ? DeliveryStatus.Dead : DeliveryStatus.Queued;
        var now = database.Now;
        work.Execute(Record, outcome.Due.Id, outcome.Due.Attempt, outcome.StartedAt, outcome.DurationMs, outcome.StatusCode, outcome.Error, outcome.Answer,
            EnumText.Of(status), nextAt ?? now, status == DeliveryStatus.Queued ? null : now);
    }

    /// <summary>Queues a delivery that was read with <see cref="FindToChangeAsync"/> once more, at once.</summary>
    public async Task<DeliveryRecord> RequeueAsync(UnitOfWork work, Guid id)
    {
        var queued = await work.QueryAsync(Requeue, Read, id, database.Now);
        work.Wake(Topic);
        return queued.Single();
    }

    /// <summary>Queues a webhook's oldest dead letters once more, so many at most; gives back how many, and whether there are more.</summary>
    public async Task<(int Count, bool HasMore)> RequeueDeadAsync(UnitOfWork work, Guid webhookId, int limit)
    {
        var queued = await work.QueryAsync(RequeueDead, row => row.GetGuid(0), webhookId, database.Now, limit);
        var hasMore = queued.Count == limit && (await work.QueryAsync(HasDead, row => row.GetInt32(0), webhookId)).Count > 0;
        work.Wake(Topic);
        return (queued.Count, hasMore);
    }

    /// <summary>Gives up what has waited for a webhook that is off until its time was over; so many at most, and how many that were.</summary>
    public async Task<int> GiveUpWaitingAsync(UnitOfWork work, TimeSpan retryFor, int limit) =>
        (await work.QueryAsync(GiveUpWaiting, row => row.GetGuid(0), database.Now, database.Now - retryFor, limit)).Count;

    /// <summary>Removes what ended so long ago; so many at most, and how many that were.</summary>
    public async Task<int> RemoveAsync(UnitOfWork work, TimeSpan retention, int limit) =>
        (await work.QueryAsync(Remove, row => row.GetGuid(0), database.Now - retention, limit)).Count;

    /// <summary>Removes what belongs to removed webhooks; so many at most, and how many that were.</summary>
    public async Task<int> RemoveOfRemovedAsync(UnitOfWork work, int limit) => (await work.QueryAsync(RemoveOfRemoved, row => row.GetGuid(0), limit)).Count;

    /// <summary>How many are queued, and dead, counted up to a limit.</summary>
    public async Task<(int Queued, int Dead)> CountAsync(UnitOfWork work, int limit) =>
        (await work.QueryAsync(Backlog, row => (row.GetInt32(0), row.GetInt32(1)), limit)).Single();

    private static void AddRows(UnitOfWork work, Guid[] ids, IReadOnlyCollection<(Notice Notice, Guid WebhookId)> added, DateTimeOffset now)
    {
        work.Execute(Insert, ids, added.Select(a => a.WebhookId).ToArray(), added.Select(a => a.Notice.Id).ToArray(), added.Select(a => a.Notice.Type).ToArray(),
            added.Select(a => a.Notice.Body).ToArray(), now);
        work.Wake(Topic);
    }

    private static DeliveryRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), row.GetString(3), row.GetString(4), EnumText.Parse<DeliveryStatus>(row.GetString(5)), row.GetInt32(6),
        row.GetFieldValue<DateTimeOffset>(7), row.GetInt32(8), row.GetString(9), row.GetFieldValue<DateTimeOffset>(10),
        row.IsDBNull(11) ? null : row.GetFieldValue<DateTimeOffset>(11));

    // After the columns of its delivery; a delivery without attempts has one row without one.
    private static AttemptRecord? ReadAttempt(NpgsqlDataReader row) => row.IsDBNull(12) ? null : new AttemptRecord(
        row.GetInt32(12), row.GetFieldValue<DateTimeOffset>(13), row.GetInt32(14), row.GetInt32(15), row.GetString(16), row.GetString(17));
}
