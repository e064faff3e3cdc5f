using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>
/// Wakes the agents that wait at this instance when there is something for them, wherever it was made. Word of it comes by <see cref="Wakeups"/>; because that
/// may be lost, one look a second asks the database for all of them together.
/// </summary>
public sealed partial class Dispatcher(Database database, Wakeups wakeups, LeaseStore leases, AgentTaskStore tasks, TimeProvider clock, ILogger<Dispatcher> log)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // A pool with many tasks wakes some; each takes what it has room for, and those that are left hear of it at the next look.
    private const int PoolWakesMaximum = 64;
    private const int PoolsRemembered = 1_024;

    private readonly ConcurrentDictionary<string, ConcurrentDictionary<Waiter, byte>> _waiters = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Waiter, byte> _idle = new();
    private readonly ConcurrentDictionary<string, Pool> _pools = new(StringComparer.Ordinal);

    /// <summary>Begins to wait for an agent. Begin before you look, or what comes between the look and the wait is heard late.</summary>
    public Waiter Enter(AgentRecord agent)
    {
        var waiter = new Waiter(this, agent);
        while (true)
        {
            var own = _waiters.GetOrAdd(agent.Id, _ => new());
            own[waiter] = 0;
            // The set may be removed by its last waiter in this moment.
            if (_waiters.TryGetValue(agent.Id, out var present) && ReferenceEquals(own, present))
                return waiter;
        }
    }

    /// <summary>
    /// Who takes tasks for this agent by a stream at this instance; null when nobody does.
    /// </summary>
    public Waiter? FindStream(string agentId) => !_waiters.TryGetValue(agentId, out var own) ? null
        : own.Keys.Where(w => w.Stream is not null).MaxBy(w => w.Stream!.Link);

    internal void Leave(Waiter waiter)
    {
        _idle.TryRemove(waiter, out _);
        if (!_waiters.TryGetValue(waiter.Agent.Id, out var own))
            return;
        own.TryRemove(waiter, out _);
        if (own.IsEmpty && _waiters.TryRemove(new(waiter.Agent.Id, own)))
            foreach (var late in own.Keys)
                _waiters.GetOrAdd(waiter.Agent.Id, _ => new())[late] = 0;
    }

    internal void SetIdle(Waiter waiter, bool isIdle)
    {
        if (isIdle)
            _idle[waiter] = 0;
        else
            _idle.TryRemove(waiter, out _);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        wakeups.Hear(AgentTaskRules.QueueTopics, topic => Wake(topic[AgentTaskRules.QueueTopics.Length..], stoppingToken));
        wakeups.Hear(AgentTaskRules.RoomTopics, topic => WakeFull(topic[AgentTaskRules.RoomTopics.Length..]));
        using var timer = new PeriodicTimer(LookEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            // The database is away; the next look finds what this one would have.
            catch (Exception e) when (e is NpgsqlException or PlatformException or TimeoutException) { CannotLook(log, e); }
        }
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        string[] queues = [.. _idle.Keys.Select(w => AgentTaskRules.QueueOf(w.Agent.Id)).Distinct()];
        if (queues.Length == 0)
            return;
        await using var work = await database.BeginAsync(cancellation);
        foreach (var queue in await leases.FindWaitingAsync(work, queues))
            Wake($"{queue}*{PoolWakesMaximum}", cancellation);
    }

    private void Wake(string topic, CancellationToken cancellation)
    {
        var (queue, count) = topic.Split('*') is [var name, var number] ? (name, int.Parse(number, CultureInfo.InvariantCulture)) : (topic, 1);
        if (!Pool.IsKey(queue))
            WakeAgent(queue[AgentTaskRules.QueueOf("").Length..]);
        else if (_idle.IsEmpty)
            return;
        else if (_pools.TryGetValue(queue, out var pool))
            WakePool(pool, count);
        else
            _ = FindAndWakeAsync(queue, count, cancellation);
    }

    private void WakeAgent(string agentId)
    {
        if (_waiters.TryGetValue(agentId, out var own))
            foreach (var waiter in own.Keys)
                waiter.Set();
    }

    private void WakeFull(string agentId)
    {
        if (_waiters.TryGetValue(agentId, out var own))
            foreach (var waiter in own.Keys)
                if (waiter.MayBeFull)
                    waiter.Set();
    }

    private void WakePool(Pool pool, int count)
    {
        var left = Math.Min(count, PoolWakesMaximum);
        foreach (var (waiter, _) in _idle)
        {
            // Whoever is woken first counts as busy from now on, or the next task would wake it again and nobody else.
            if (!waiter.Matches(pool) || !_idle.TryRemove(waiter, out _))
                continue;
            waiter.Set();
            if (--left == 0)
                return;
        }
    }

    private async Task FindAndWakeAsync(string key, int count, CancellationToken cancellation)
    {
        try
        {
            if (await tasks.FindPoolAsync(key, cancellation) is not { } pool)
                return;
            if (_pools.Count >= PoolsRemembered)
                _pools.Clear();
            _pools[key] = pool;
            WakePool(pool, count);
        }
        // The next look finds it again.
        catch (Exception e) when (e is NpgsqlException or PlatformException or TimeoutException or OperationCanceledException) { CannotLook(log, e); }
    }

    [LoggerMessage(LogLevel.Warning, "Cannot look for tasks; agents that wait here hear of theirs late")]
    private static partial void CannotLook(ILogger log, Exception exception);
}
