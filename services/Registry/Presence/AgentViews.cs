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

    // Held tasks are bounded by what an agent may hold; what waits is only counted so far.
    private const string Select = """
        SELECT a.id, a.epoch, a.status, a.link, p.is_online, coalesce(c.version, 0),
               (SELECT count(*) FROM (SELECT FROM registry.tasks WHERE queue = 'agent:' || a.id AND status = 'pending' LIMIT 1000) w)::integer,
               ARRAY(SELECT id FROM registry.tasks WHERE agent_id = a.id AND lease_until IS NOT NULL),
               ARRAY(SELECT id FROM registry.tasks WHERE agent_id = a.id AND lease_until IS NOT NULL AND cancel_requested)
          FROM registry.agents a JOIN registry.presence p ON p.agent_id = a.id LEFT JOIN registry.agent_config c ON c.agent_id = a.id
        """;

    private const string Load = $"{Select} WHERE a.id = ANY ($1)";

    // Postgres keeps its plan; of the other one it makes a new one each time, which takes longer than to run it.
    private const string LoadOne = $"{Select} WHERE a.id = $1";

    private readonly Database _database;
    private readonly RegistrySettings _settings;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, AgentView> _views = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private Dictionary<string, TaskCompletionSource<AgentView?>> _asked = new(StringComparer.Ordinal);
    private bool _isLoading;

    public AgentViews(Database database, RegistrySettings settings, TimeProvider clock, Wakeups wakeups)
    {
        (_database, _settings, _clock) = (database, settings, clock);
        var queues = AgentTaskRules.TopicOfQueue(AgentTaskRules.QueueOf(""));
        wakeups.Hear(Topics, topic => Forget(topic[Topics.Length..]));
        wakeups.Hear(queues, topic => Forget(topic[queues.Length..].Split('*')[0]));
    }

    /// <summary>The agent, as read within the settings' time; null when it never registered.</summary>
    public ValueTask<AgentView?> GetAsync(string agentId) =>
        _views.TryGetValue(agentId, out var view) && _clock.GetElapsedTime(view.ReadAt) < _settings.ViewLifetime ? new(view) : new(ReadAsync(agentId));

    /// <summary>Reads the agent anew, together with others that are asked for at this time.</summary>
    public Task<AgentView?> ReadAsync(string agentId)
    {
        TaskCompletionSource<AgentView?> answer;
        lock (_lock)
        {
            if (_asked.TryGetValue(agentId, out var asked))
                return asked.Task;
            answer = _asked[agentId] = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_isLoading)
                return answer.Task;
            _isLoading = true;
        }
        _ = LoadAllAsync();
        return answer.Task;
    }

    /// <summary>Has the agent read anew at its next heartbeat.</summary>
    public void Forget(string agentId) => _views.TryRemove(agentId, out _);

    private async Task LoadAllAsync()
    {
        while (Next() is { } asked)
        {
            foreach (var some in asked.Chunk(BatchMaximum))
            {
                try
                {
                    var found = await LoadAsync([.. some.Select(a => a.Key)]);
                    foreach (var (id, answer) in some)
                        answer.TrySetResult(found.GetValueOrDefault(id));
                }
                // Whatever it is, it is the callers' to hear: one that was lost would leave them waiting for ever.
                catch (Exception e)
                {
                    foreach (var (_, answer) in some)
                        answer.TrySetException(e is NpgsqlException ? Errors.Unavailable("The database", e) : e);
                }
            }
        }
    }

    private async Task<Dictionary<string, AgentView>> LoadAsync(string[] ids)
    {
        var readAt = _clock.GetTimestamp();
        var rows = await _database.QueryAsync(CancellationToken.None, ids.Length == 1 ? LoadOne : Load, row => (Id: row.GetString(0), View: new AgentView(
            row.GetInt64(1), EnumText.Parse<AgentStatus>(row.GetString(2)), row.GetInt64(3), row.GetBoolean(4), row.GetInt64(5), row.GetInt32(6), row.GetFieldValue<Guid[]>(7),
            row.GetFieldValue<Guid[]>(8))
        {
            ReadAt = readAt,
        }), ids.Length == 1 ? ids[0] : ids);
        foreach (var (id, view) in rows)
            _views[id] = view;
        return rows.ToDictionary(r => r.Id, r => r.View);
    }

    private Dictionary<string, TaskCompletionSource<AgentView?>>? Next()
    {
        lock (_lock)
        {
            _isLoading = _asked.Count > 0;
            if (!_isLoading)
                return null;
            var asked = _asked;
            _asked = new(StringComparer.Ordinal);
            return asked;
        }
    }
}
