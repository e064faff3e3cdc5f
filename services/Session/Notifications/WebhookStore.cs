using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of webhooks. One that was removed is as if it were not there; <see cref="WebhookSweeper"/> does away with it.</summary>
public sealed class WebhookStore(Database database)
{
    private const string Columns = """
        id, url, event_types, role, description, enabled, disabled_reason, secret_generation, secret_key_id, previous_key_id, previous_until, created_by,
        version, created_at, updated_at
        """;

    // Whoever subscribes waits for whoever does at this moment, so that the count holds.
    private const string Lock = "LOCK TABLE session.webhooks IN SHARE ROW EXCLUSIVE MODE";

    private const string Insert = $"""
        INSERT INTO session.webhooks ({Columns})
        SELECT $1, $2, $3, $4, $5, true, '', 1, $6, '', NULL, $7, 1, $8, $8
         WHERE (SELECT count(*) FROM session.webhooks WHERE disabled_reason <> 'removed') < $9
        RETURNING {Columns}
        """;

    private const string Find = $"SELECT {Columns} FROM session.webhooks WHERE id = $1 AND disabled_reason <> 'removed'";

    // Keyset paging: ids are UUIDv7, so their order is the order of creation.
    private const string List = $"""
        SELECT {Columns} FROM session.webhooks
         WHERE ($1::uuid IS NULL OR id < $1) AND disabled_reason <> 'removed'
         ORDER BY id DESC
         LIMIT $2
        """;

    private const string Update = $"""
        UPDATE session.webhooks
           SET url = $3, event_types = $4, role = $5, description = $6, enabled = $7, disabled_reason = $8, secret_generation = $9, secret_key_id = $10,
               previous_key_id = $11, previous_until = $12::timestamptz, version = version + 1, updated_at = $13
         WHERE id = $1 AND version = $2 AND disabled_reason <> 'removed'
        RETURNING {Columns}
        """;

    private const string Remove = """
        UPDATE session.webhooks SET enabled = false, disabled_reason = 'removed', version = version + 1, updated_at = $2
         WHERE id = $1 AND disabled_reason <> 'removed'
        RETURNING id
        """;

    // Only if it still is what answered so: somebody may have put another address in its place meanwhile.
    private const string DisableGone = """
        UPDATE session.webhooks SET enabled = false, disabled_reason = 'gone', version = version + 1, updated_at = $3
         WHERE id = $1 AND url = $2 AND enabled
        RETURNING id
        """;

    private const string ForgetRemoved = """
        DELETE FROM session.webhooks AS w
         WHERE w.disabled_reason = 'removed' AND NOT EXISTS (SELECT FROM session.webhook_executions AS e WHERE e.webhook_id = w.id)
        """;

    /// <summary>Adds a webhook; null when there are as many as may be.</summary>
    public Task<WebhookRecord?> AddAsync(UnitOfWork work, CreateWebhookRequest request, string[] eventTypes, string keyId, int most)
    {
        var now = database.Now;
        work.Execute(Lock);
        return work.QuerySingleAsync(Insert, Read, Guid.CreateVersion7(now), request.Url, eventTypes, request.Role, request.Description, keyId, work.Caller.Subject, now, most);
    }

    public Task<WebhookRecord?> FindAsync(Guid id, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, id);

    public Task<WebhookRecord?> FindAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(Find, Read, id);

    public Task<List<WebhookRecord>> ListAsync(PageRequest page, ServerCallContext context) => database.QueryAsync(context, List, Read, page.AfterId, page.Fetch);

    /// <summary>Writes a webhook as changed; null when somebody else has changed it since.</summary>
    public Task<WebhookRecord?> UpdateAsync(UnitOfWork work, WebhookRecord webhook) =>
        work.QuerySingleAsync(Update, Read, webhook.Id, webhook.Version, webhook.Url, webhook.EventTypes, webhook.Role, webhook.Description, webhook.Enabled,
            EnumText.Of(webhook.DisabledReason), webhook.SecretGeneration, webhook.SecretKeyId, webhook.PreviousKeyId, webhook.PreviousUntil, database.Now);

    /// <summary>Removes a webhook; false when there is none.</summary>
    public async Task<bool> RemoveAsync(UnitOfWork work, Guid id) => (await work.QueryAsync(Remove, row => row.GetGuid(0), id, database.Now)).Count > 0;

    /// <summary>Switches a webhook off that wants no more; false when it is off, or another address, already.</summary>
    public async Task<bool> DisableGoneAsync(UnitOfWork work, Guid id, string url) => (await work.QueryAsync(DisableGone, row => row.GetGuid(0), id, url, database.Now)).Count > 0;

    /// <summary>Forgets what was removed and has no executions any more.</summary>
    public void Forget(UnitOfWork work) => work.Execute(ForgetRemoved);

    private static WebhookRecord Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Url = row.GetString(1),
        EventTypes = row.GetFieldValue<string[]>(2),
        Role = row.GetString(3),
        Description = row.GetString(4),
        Enabled = row.GetBoolean(5),
        DisabledReason = EnumText.Parse<DisabledReason>(row.GetString(6)),
        SecretGeneration = row.GetInt32(7),
        SecretKeyId = row.GetString(8),
        PreviousKeyId = row.GetString(9),
        PreviousUntil = row.IsDBNull(10) ? null : row.GetFieldValue<DateTimeOffset>(10),
        CreatedBy = row.GetString(11),
        Version = row.GetInt64(12),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(13),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(14),
    };
}
