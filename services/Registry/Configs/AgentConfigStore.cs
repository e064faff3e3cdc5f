using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>All SQL of agents' configuration and its versions.</summary>
public sealed class AgentConfigStore(Database database)
{
    private const string Find = "SELECT agent_id, enabled, version, config, schema, updated_at FROM registry.agent_config WHERE agent_id = $1";

    // The second of two changes waits here, and then sees the first's version.
    private const string FindToChange = $"{Find} FOR UPDATE";

    // Of two first versions at once one is refused, whichever comes second.
    private const string Insert = """
        INSERT INTO registry.agent_config (agent_id, enabled, version, config, schema, updated_at) VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6)
        ON CONFLICT ON CONSTRAINT agent_config_pkey DO NOTHING RETURNING true
        """;

    private const string Update = """
        UPDATE registry.agent_config SET enabled = $2, version = $3, config = $4::jsonb, schema = $5::jsonb, updated_at = $6 WHERE agent_id = $1 RETURNING true
        """;

    private const string InsertVersion = """
        INSERT INTO registry.agent_config_versions (agent_id, version, enabled, config, schema, changed_by, reason, rolled_back_to, created_at)
        VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6, $7, $8, $9)
        """;

    private const string RemoveVersions = "DELETE FROM registry.agent_config_versions WHERE agent_id = $1 AND version <= $2";

    private const string VersionColumns = "agent_id, enabled, version, config, schema, created_at, changed_by, reason, rolled_back_to";

    private const string FindVersion = $"SELECT {VersionColumns} FROM registry.agent_config_versions WHERE agent_id = $1 AND version = $2";

    private const string ListVersions = $"""
        SELECT {VersionColumns} FROM registry.agent_config_versions
         WHERE agent_id = $1 AND ($2::int8 IS NULL OR version < $2) ORDER BY version DESC LIMIT $3
        """;

    public Task<AgentConfigRecord?> FindAsync(string agentId, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, agentId);

    /// <summary>Reads it and keeps others from changing it until the work ends.</summary>
    public Task<AgentConfigRecord?> FindToChangeAsync(UnitOfWork work, string agentId) => work.QuerySingleAsync(FindToChange, Read, agentId);

    public Task<ConfigVersionRecord?> FindVersionAsync(UnitOfWork work, string agentId, long version) => work.QuerySingleAsync(FindVersion, ReadVersion, agentId, version);

    /// <summary>
    /// Puts a configuration that follows the one read with <see cref="FindToChangeAsync"/>, and keeps it as a version; false when there was none, and somebody
    /// else has put one since.
    /// </summary>
    public async Task<bool> PutAsync(UnitOfWork work, AgentConfigRecord config, string reason, long rolledBackTo)
    {
        var put = await work.QueryAsync(config.Version == 1 ? Insert : Update, row => row.GetBoolean(0), config.AgentId, config.Enabled, config.Version, config.Config, config.Schema, config.UpdatedAt);
        if (put.Count == 0)
            return false;
        work.Execute(InsertVersion, config.AgentId, config.Version, config.Enabled, config.Config, config.Schema, work.Caller.Subject, reason, rolledBackTo, config.UpdatedAt);
        work.Execute(RemoveVersions, config.AgentId, config.Version - AgentConfigRules.MaximumVersions);
        work.Wake(AgentConfigRules.TopicOf(config.AgentId));
        return true;
    }

    public Task<(IReadOnlyList<ConfigVersionRecord> Rows, string NextToken)> ListVersionsAsync(PageRequest page, string agentId, ServerCallContext context) =>
        database.QueryPageAsync(context, page, v => $"{v.Config.Version}", v => v.Config.JsonCharacters, ListVersions, ReadVersion, agentId, page.AfterNumber, page.Fetch);

    private static AgentConfigRecord Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetBoolean(1), row.GetInt64(2), row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4), row.GetFieldValue<DateTimeOffset>(5));

    private static ConfigVersionRecord ReadVersion(NpgsqlDataReader row) => new(Read(row), row.GetString(6), row.GetString(7), row.GetInt64(8));
}
