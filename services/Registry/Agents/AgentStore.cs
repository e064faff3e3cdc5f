using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>All SQL of agents.</summary>
public sealed class AgentStore(Database database)
{
    private const string Columns = "id, hostname, platform, version, capabilities, tags, registered_at, last_heartbeat_at, epoch, roles, status, status_reason";

    // The database decides races: of two processes that register as one agent, one gets the lower epoch and is stale at once.
    private const string Upsert = $"""
        INSERT INTO registry.agents (id, hostname, platform, version, capabilities, tags, registered_at, epoch, roles, status, status_reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, 'active', '')
        ON CONFLICT ON CONSTRAINT agents_pkey DO UPDATE
           SET hostname = excluded.hostname, platform = excluded.platform, version = excluded.version,
               capabilities = excluded.capabilities, tags = excluded.tags, roles = excluded.roles, epoch = agents.epoch + 1,
               status = CASE WHEN agents.status = 'deregistered' THEN 'active' ELSE agents.status END
         WHERE agents.status <> 'disabled'
        RETURNING {Columns}
        """;

    // Clocks of two instances differ, and a sign of life is never taken back.
    private const string Beat = """
        UPDATE registry.agents
           SET last_heartbeat_at = greatest(last_heartbeat_at, $3)
         WHERE id = $1 AND epoch = $2 AND status IN ('active', 'quarantined')
        RETURNING coalesce((SELECT version FROM registry.agent_config WHERE agent_id = $1), 0)
        """;

    private const string Find = $"SELECT {Columns} FROM registry.agents WHERE id = $1";

    private const string List = $"""
        SELECT {Columns} FROM registry.agents
         WHERE ($1::text IS NULL OR id > $1)
           AND ($2 = '' OR platform = $2)
           AND ($3 = '' OR tags @> ARRAY[$3])
           AND ($4::timestamptz IS NULL OR last_heartbeat_at >= $4)
           AND ($5::timestamptz IS NULL OR last_heartbeat_at < $5 OR last_heartbeat_at IS NULL)
         ORDER BY id
         LIMIT $6
        """;

    /// <summary>Registers the agent, or registers it again with the next epoch; null when it is disabled.</summary>
    public Task<AgentRecord?> RegisterAsync(UnitOfWork work, string id, RegisterAgentRequest request) =>
        work.QuerySingleAsync(Upsert, Read, id, request.Hostname, EnumText.Of(request.Platform), request.Version,
            request.Capabilities.Distinct().ToArray(), request.Tags.Distinct().ToArray(), database.Now, request.Roles.Distinct().ToArray());

    /// <summary>
    /// Notes a sign of life and gives back the version of the agent's configuration, zero when it has none; null, and nothing
    /// noted, when the agent is unknown or disabled, or its epoch another.
    /// </summary>
    public async Task<long?> BeatAsync(UnitOfWork work, string id, long epoch) =>
        await work.QueryAsync(Beat, row => row.GetInt64(0), id, epoch, database.Now) is [var configVersion] ? configVersion : null;

    public Task<AgentRecord?> FindAsync(string id, ServerCallContext context) =>
        database.QuerySingleAsync(context, Find, Read, id);

    public Task<AgentRecord?> FindAsync(UnitOfWork work, string id) => work.QuerySingleAsync(Find, Read, id);

    /// <summary>Lists agents by id; of those online or offline when <paramref name="isOnline"/> says so.</summary>
    public Task<List<AgentRecord>> ListAsync(
        PageRequest page, Platform platform, string tag, bool? isOnline, DateTimeOffset onlineSince, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.After, EnumText.Of(platform), tag,
            isOnline is true ? onlineSince : null, isOnline is false ? onlineSince : null, page.Fetch);

    private static AgentRecord Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), EnumText.Parse<Platform>(row.GetString(2)), row.GetString(3),
        row.GetFieldValue<string[]>(4), row.GetFieldValue<string[]>(5), row.GetFieldValue<DateTimeOffset>(6),
        row.IsDBNull(7) ? null : row.GetFieldValue<DateTimeOffset>(7), row.GetInt64(8),
        row.GetFieldValue<string[]>(9), EnumText.Parse<AgentStatus>(row.GetString(10)), row.GetString(11));
}
