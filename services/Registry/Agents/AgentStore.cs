using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>All SQL of agents.</summary>
public sealed class AgentStore(Database database)
{
    private const string Columns = """
        a.id, a.hostname, a.platform, a.version, a.capabilities, a.tags, a.roles, a.registered_at, a.epoch, a.status, a.status_reason, p.is_online,
        p.last_heartbeat_at, p.health, p.load_percent, p.running_tasks
        """;

    private const string Select = $"SELECT {Columns} FROM registry.agents a JOIN registry.presence p ON p.agent_id = a.id";

    private const int LinkColumn = 16;

    private const string FindRegistered = "SELECT epoch, status, instance_id, past_instances FROM registry.agents WHERE id = $1 FOR UPDATE";

    // The database decides races: of two processes that register as one new agent, one gets the lower epoch and is stale at once.
    private const string Upsert = """
        INSERT INTO registry.agents (id, hostname, platform, version, capabilities, tags, registered_at, epoch, roles, status, status_reason, machine_key, instance_id,
               past_instances, link)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, 'active', '', $9::text, $10, $11, 0)
        ON CONFLICT ON CONSTRAINT agents_pkey DO UPDATE
           SET hostname = excluded.hostname, platform = excluded.platform, version = excluded.version, capabilities = excluded.capabilities, tags = excluded.tags,
               roles = excluded.roles, epoch = agents.epoch + 1, machine_key = coalesce(excluded.machine_key, agents.machine_key),
               instance_id = excluded.instance_id, past_instances = excluded.past_instances,
               status = CASE WHEN agents.status = 'deregistered' THEN 'active' ELSE agents.status END,
               status_reason = CASE WHEN agents.status = 'deregistered' THEN '' ELSE agents.status_reason END
        """;

    private const string InsertPresence = """
        INSERT INTO registry.presence (agent_id, is_online, health, load_percent, running_tasks) VALUES ($1, false, '', 0, 0) ON CONFLICT DO NOTHING
        """;

    private const string SetStatusOf = """
        UPDATE registry.agents SET status = $2, status_reason = $3, machine_key = CASE WHEN $2 = 'deregistered' THEN NULL ELSE machine_key END WHERE id = $1
        """;

    // Waits for what the streams before take at this moment; in one order, for two instances may do the same. The statement behind it sees what they have taken.
    private const string KeepAll = "SELECT id FROM registry.agents WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE";

    private const string Connect = $"""
        WITH a AS (
            UPDATE registry.agents a SET link = a.link + 1
              FROM (SELECT DISTINCT id, epoch FROM unnest($1::text[], $2::bigint[]) AS s (id, epoch)) s
             WHERE a.id = s.id AND a.epoch = s.epoch AND a.status IN ('active', 'quarantined')
            RETURNING a.*
        )
        SELECT {Columns}, a.link, EXISTS (SELECT FROM registry.tasks WHERE {AgentTaskRow.Holder} = a.id)
          FROM a JOIN registry.presence p ON p.agent_id = a.id
        """;

    private const string SetOfflineOf = "UPDATE registry.presence SET is_online = false WHERE agent_id = $1";

    private const string Find = $"{Select} WHERE a.id = $1";

    private const string FindToChangeOf = $"{Find} FOR UPDATE OF a";

    // Filters that are not set are constants to the planner, so that the others find their indexes.
    private const string List = $"""
        {Select}
         WHERE ($1::text IS NULL OR a.id > $1)
           AND ($2 = '' OR a.platform = $2)
           AND ($3 = '' AND a.status <> 'deregistered' OR a.status = $3)
           AND ($4::boolean IS NULL OR p.is_online = $4)
           AND ($5::text = '' OR a.roles @> ARRAY[$5])
           AND ($6::text = '' OR a.capabilities @> ARRAY[$6])
           AND ($7::text = '' OR a.tags @> ARRAY[$7])
           AND ($8 = '' OR a.version = $8)
           AND ($9 = '' OR a.hostname ^@ $9)
         ORDER BY a.id
         LIMIT $10
        """;

    /// <summary>What a registration is judged by, kept from others until the work ends; null when the agent is new.</summary>
    public Task<RegisteredAgent?> FindRegisteredAsync(UnitOfWork work, string id) => work.QuerySingleAsync(FindRegistered, row => new RegisteredAgent(
        row.GetInt64(0), EnumText.Parse<AgentStatus>(row.GetString(1)), row.GetString(2), row.GetFieldValue<string[]>(3)), id);

    /// <summary>Registers the agent, or registers it again with the next epoch. A machine key that another one has violates agents_machine_key.</summary>
    public async Task<AgentRecord> RegisterAsync(UnitOfWork work, string id, RegisterAgentRequest request, string[] pastInstances)
    {
        work.Execute(Upsert, id, request.Hostname, EnumText.Of(request.Platform), request.Version, request.Capabilities.Distinct().ToArray(),
            request.Tags.Distinct().ToArray(), database.Now, request.Roles.Distinct().ToArray(), request.MachineKey.Length == 0 ? null : request.MachineKey,
            request.InstanceId, pastInstances);
        work.Execute(InsertPresence, id);
        return (await FindAsync(work, id))!;
    }

    public Task<AgentRecord?> FindAsync(string id, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, id);

    public Task<AgentRecord?> FindAsync(UnitOfWork work, string id) => work.QuerySingleAsync(Find, Read, id);

    /// <summary>Reads it and keeps others from changing it, and it from taking tasks, until the work ends.</summary>
    public Task<AgentRecord?> FindToChangeAsync(UnitOfWork work, string id) => work.QuerySingleAsync(FindToChangeOf, Read, id);

    public void SetStatus(UnitOfWork work, string id, AgentStatus status, string reason) => work.Execute(SetStatusOf, id, EnumText.Of(status), reason);

    /// <summary>Makes one stream each these agents' only ones, if the agent is at this epoch and may live.</summary>
    public Task<List<Arrival>> ConnectAsync(UnitOfWork work, string[] ids, long[] epochs)
    {
        work.Execute(KeepAll, [ids]);
        return work.QueryAsync(Connect, row => new Arrival(Read(row), row.GetInt64(LinkColumn), row.GetBoolean(LinkColumn + 1)), ids, epochs);
    }

    public void SetOffline(UnitOfWork work, string id) => work.Execute(SetOfflineOf, id);

    /// <summary>Lists agents by id.</summary>
    public Task<List<AgentRecord>> ListAsync(PageRequest page, AgentFilter filter, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.After, EnumText.Of(filter.Platform), EnumText.Of(filter.Status), filter.IsOnline, filter.Role, filter.Capability,
            filter.Tag, filter.Version, filter.HostnamePrefix, page.Fetch);

    private static AgentRecord Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), EnumText.Parse<Platform>(row.GetString(2)), row.GetString(3), row.GetFieldValue<string[]>(4),
        row.GetFieldValue<string[]>(5), row.GetFieldValue<string[]>(6), row.GetFieldValue<DateTimeOffset>(7), row.GetInt64(8),
        EnumText.Parse<AgentStatus>(row.GetString(9)), row.GetString(10), row.GetBoolean(11), row.IsDBNull(12) ? null : row.GetFieldValue<DateTimeOffset>(12),
        EnumText.Parse<AgentHealth>(row.GetString(13)), row.GetDouble(14), row.GetInt32(15));
}
