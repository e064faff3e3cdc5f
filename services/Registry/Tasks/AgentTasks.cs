using System.Collections.Concurrent;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>Makes tasks, within whatever unit of work has a reason to: an RPC, a schedule, a deployment. Wakes who waits for them.</summary>
public sealed class AgentTasks(AgentTaskStore store, Dispatcher dispatcher, TaskReports reports, TaskSettings settings, Database database, TimeProvider clock)
{
    /// <summary>The most agents that one call makes a task each for.</summary>
    public const int SelectionMaximum = 10_000;

    private const int MatchesMaximum = 1_024;
    private static readonly TimeSpan MatchLifetime = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, long> _matched = new(StringComparer.Ordinal);

    // An audit entry has room for so many ids.
    private const int IdsTold = 20;

    /// <summary>
    /// Makes one task; null when its origin was used before, and then nothing is made. A task for an agent that never registered makes the commit fail
    /// with UNKNOWN_AGENT.
    /// </summary>
    public async Task<AgentTaskRecord?> CreateAsync(UnitOfWork work, NewAgentTask task)
    {
        var now = database.Now;
        return await CreateAsync(work, [task], now) is [var id] ? AgentTaskRules.New(task, id, work.Caller.Subject, now) : null;
    }

    /// <summary>Makes tasks in this order, of one parent, and of one origin if there is but one of them; gives back their ids.</summary>
    public Task<IReadOnlyList<Guid>?> CreateAsync(UnitOfWork work, IReadOnlyList<NewAgentTask> tasks) => CreateAsync(work, tasks, database.Now);

    /// <summary>Makes a task each for all active agents of a selection; NO_AGENT_MATCHES when there are none.</summary>
    public async Task<IReadOnlyList<Guid>> CreateForAllAsync(UnitOfWork work, AgentSelection selection, NewAgentTask task)
    {
        var agents = await store.MatchAsync(work, selection, SelectionMaximum + 1);
        if (agents.Count == 0)
            throw AgentTaskRules.NoAgentMatches();
        if (agents.Count > SelectionMaximum)
            throw Errors.FailedPrecondition("SELECTION_TOO_LARGE", $"More than {SelectionMaximum:N0} agents match the selection; narrow it.");
        return (await CreateAsync(work, [.. agents.Select(id => task with { AgentId = id })]))!;
    }

    /// <summary>Refuses a pool that no active agent matches now.</summary>
    public async Task CheckMatchedAsync(UnitOfWork work, Pool pool)
    {
        // Whoever matched some seconds ago may be gone by now, as it may be a moment after the task is made.
        if (_matched.TryGetValue(pool.Key, out var seenAt) && clock.GetElapsedTime(seenAt) < MatchLifetime)
            return;
        if ((await store.MatchAsync(work, pool.ToProto(), 1)).Count == 0)
            throw AgentTaskRules.NoAgentMatches();
        if (_matched.Count >= MatchesMaximum)
            _matched.Clear();
        _matched[pool.Key] = clock.GetTimestamp();
    }

    /// <summary>Writes what a step has made of a task; when it waits again, wakes who waits for it.</summary>
    public void Change(UnitOfWork work, AgentTaskRecord changed)
    {
        store.Change(work, changed);
        if (SessionTasks.IsOne(changed))
            reports.Add(work, changed.Id);
        if (changed.Status is AgentTaskStatus.Pending && (changed.Pool?.Key ?? (changed.AgentId is { } own ? AgentTaskRules.QueueOf(own) : null)) is { } queue)
            work.Wake(AgentTaskRules.TopicOfQueue(queue));
        if (changed is { IsHeld: false, AgentId: { } agent })
            work.Wake(AgentTaskRules.TopicOfRoom(agent));
    }

    private async Task<IReadOnlyList<Guid>?> CreateAsync(UnitOfWork work, IReadOnlyList<NewAgentTask> tasks, DateTimeOffset now)
    {
        var ids = AddHandedOver(work, tasks, now);
        if (ids is null)
        {
            ids = await store.AddAsync(work, tasks, now);
            if (ids is null)
                return null;
            Wake(work, tasks, now);
        }
        var first = tasks[0];
        work.Audit("agent_task.create", ids.Count == 1 ? $"agent_task/{ids[0]}" : "agent_task",
            [("type", first.Type), ("agent_id", first.AgentId ?? ""), ("pool", first.Pool?.Key ?? ""), ("parent_id", first.ParentId?.ToString() ?? ""),
                ("count", $"{ids.Count}"), ("ids", string.Join(' ', ids.Take(IdsTold))), ("origin", first.Origin ?? "")]);
        return ids;
    }

    // Those whose agents take tasks by streams at this instance are theirs in this very commit, as far as the streams have room. Null when there is none of them.
    private IReadOnlyList<Guid>? AddHandedOver(UnitOfWork work, IReadOnlyList<NewAgentTask> tasks, DateTimeOffset now)
    {
        var offers = new (Waiter Waiter, long Most)?[tasks.Count];
        // The most urgent first, as they would be handed out.
        foreach (var (i, task) in tasks.Count == 1 ? tasks.Index() : tasks.Index().OrderByDescending(t => t.Item.Priority))
        {
            if (task is not { Origin: null, AgentId: { } agent } || !IsDue(task, now) || dispatcher.FindStream(agent) is not { } waiter || waiter.Offer() is not { } most)
                continue;
            offers[i] = (waiter, most);
            work.AtTheEnd(waiter.TakeBackOffer);
        }
        if (Array.TrueForAll(offers, o => o is null))
            return null;
        var streams = Array.ConvertAll(offers, o => o is var (waiter, most) ? (waiter.Stream!, most) : default((AgentStream Stream, long Most)?));
        var leaseUntil = now + settings.AssignmentLease;
        var isHeld = new Dictionary<Guid, bool>();
        var ids = store.AddHandedOver(work, tasks, streams, now, leaseUntil, (id, held) => isHeld[id] = held);
        work.AfterCommit(() =>
        {
            for (var i = 0; i < ids.Count; i++)
                if (isHeld[ids[i]])
                    offers[i]!.Value.Waiter.HandOver(AgentTaskRules.HandOver(AgentTaskRules.New(tasks[i], ids[i], work.Caller.Subject, now), streams[i]!.Value.Stream, leaseUntil));
            Wake(work, tasks.Where((_, i) => !isHeld[ids[i]]), now);
        });
        return ids;
    }

    private static void Wake(UnitOfWork work, IEnumerable<NewAgentTask> tasks, DateTimeOffset now)
    {
        foreach (var queue in tasks.Where(t => IsDue(t, now)).GroupBy(t => t.Pool?.Key ?? AgentTaskRules.QueueOf(t.AgentId!)))
            work.Wake(AgentTaskRules.TopicOfQueue(queue.Key, queue.Count()));
    }

    private static bool IsDue(NewAgentTask task, DateTimeOffset now) => task.NotBefore is not { } notBefore || notBefore <= now;
}
