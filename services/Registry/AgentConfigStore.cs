using Grpc.Core;
namespace AgentPlatform.Registry;

/// <summary>All SQL of agents' configuration.</summary>
public sealed class AgentConfigStore(Database database)
{
    private const string Find = "SELECT agent_id, enabled, version, config, updated_at FROM registry.agent_config WHERE agent_id = $1";

    public Task<AgentConfigRecord?> FindAsync(string agentId, ServerCallContext context) =>
        database.QuerySingleAsync(context, Find, row => new AgentConfigRecord(
            row.GetString(0), row.GetBoolean(1), row.GetInt64(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4)), agentId);
}
