using System.Collections.Concurrent;
using AgentPlatform.Contracts.Registry.V1;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>
/// Agents as heartbeats see them. They are read from Postgres many at a time, kept for a while, and forgotten at once when somebody changes them, on whichever
/// instance. A word that is lost makes a view some seconds old; whatever matters is decided again by the database, when the heartbeats are written.
/// </summary>
public sealed class AgentViews
{
    /// <summary>What a change of an agent wakes.</summary>
    public const string Topics = "agent/";

    private const int BatchMaximum = 1_000;

    // Held tasks are bounded by what an agent may hold; what waits is only counted so far. Which pools have something is found once
    // for all, by a look at each one's queue: how much waits in it must not matter.
    private const string Select = $"""
        WITH filled AS MATERIALIZED (
            SELECT p.role, p.platform, p.capabilities, p.tags FROM registry.pools p
             CROSS JOIN LATERAL (SELECT FROM registry.tasks WHERE queue = p.key AND status = 'pending' LIMIT 1) one
        )
        SELECT a.id, a.epoch, a.status, a.link, p.is_online, coalesce(c.version, 0),
               (SELECT count(*) FROM (SELECT FROM registry.tasks WHERE queue = 'agent:' || a.id AND status = 'pending' LIMIT 1000) w)::integer,
               EXISTS (SELECT FROM filled f WHERE (f.role = '' OR f.role = ANY (a.roles)) AND (f.platform = '' OR f.platform = a.platform)
                                              AND f.capabilities <@ a.capabilities AND f.tags <@ a.tags),
               ARRAY(SELECT id FROM registry.tasks WHERE {AgentTaskRow.Holder} = a.id),
               ARRAY(SELECT id FROM registry.tasks WHERE {AgentTaskRow.Holder} = a.id AND cancel_requested)
          FROM registry.agents a JOIN registry.presence p ON p.agent_id = a.id LEFT JOIN registry.agent_config c ON c.agent_id = a.id
        """;

    private const string Load = $"{Select} WHERE a.id = ANY ($1)";

    // Postgres keeps its plan; of the other one it makes a new one each time, which takes longer than to run it.
    private const string LoadOne = $"{Select} WHERE a.id = $1";

    private readonly Database _database;
    private readonly RegistrySettings _settings;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, AgentView> _views = new(StringComparer.Ordinal);
    private readonly Together<string, AgentView?> _together;

    public AgentViews(Database database, RegistrySettings settings, TimeProvider clock, Wakeups wakeups)
    {
        (_database, _settings, _clock, _together) = (database, settings, clock, new(BatchMaximum, LoadAsync));
        var queues = AgentTaskRules.TopicOfQueue(AgentTaskRules.QueueOf(""));
        wakeups.Hear(Topics, topic => Forget(topic[Topics.Length..]));
        wakeups.Hear(queues, topic => Forget(topic[queues.Length..].Split('*')[0]));
        wakeups.Hear(AgentTaskRules.RoomTopics, topic => Forget(topic[AgentTaskRules.RoomTopics.Length..]));
    }

    /// <summary>The agent, as read within the settings' time; null when it never registered.</summary>
    public ValueTask<AgentView?> GetAsync(string agentId) =>
        _views.TryGetValue(agentId, out var view) && _clock.GetElapsedTime(view.ReadAt) < _settings.ViewLifetime ? new(view) : new(ReadAsync(agentId));

    /// <summary>Reads the agent anew, together with others that are asked for at this time.</summary>
    public Task<AgentView?> ReadAsync(string agentId) => _together.AskAsync(agentId);

    /// <summary>Has the agent read anew at its next heartbeat.</summary>
    public void Forget(string agentId) => _views.TryRemove(agentId, out _);

    private async Task<IReadOnlyList<AgentView?>> LoadAsync(IReadOnlyList<string> asked)
    {
        string[] ids = [.. asked.Distinct()];
        var readAt = _clock.GetTimestamp();
        try
        {
            var rows = await _database.QueryAsync(CancellationToken.None, ids.Length == 1 ? LoadOne : Load, row => (Id: row.GetString(0), View: new AgentView(
                new AgentStanding(row.GetInt64(1), EnumText.Parse<AgentStatus>(row.GetString(2)), row.GetInt64(3), row.GetInt64(5), row.GetFieldValue<Guid[]>(9)),
                row.GetBoolean(4), row.GetInt32(6), row.GetInt32(6) > 0 || row.GetBoolean(7), row.GetFieldValue<Guid[]>(8))
            {
                ReadAt = readAt,
            }), ids.Length == 1 ? ids[0] : ids);
            var found = rows.ToDictionary(r => r.Id, r => r.View);
            foreach (var (id, view) in found)
                _views[id] = view;
            return [.. asked.Select(id => found.GetValueOrDefault(id))];
        }
        catch (NpgsqlException e) { throw Errors.Unavailable("The database", e); }
    }
}
