using System.Collections.Concurrent;

namespace AgentPlatform.Registry;

/// <summary>An agent that waits at this instance for tasks or commands. Dispose it when it leaves.</summary>
public sealed class Waiter : IDisposable
{
    private readonly Dispatcher _dispatcher;
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly ConcurrentQueue<AgentTaskRecord> _handedOver = new();
    private int _mustLook;

    internal Waiter(Dispatcher dispatcher, AgentRecord agent) => (_dispatcher, Agent) = (dispatcher, agent);

    public AgentRecord Agent { get; }

    /// <summary>
    /// Whether there may be more than it had room for, so that it is to be woken when a task of its agent's has ended. Who has taken all there was says no.
    /// </summary>
    public bool MayBeFull { get; set; } = true;

    /// <summary>By what it takes tasks that are made for it at this instance; null when it only polls, or is not as far yet.</summary>
    public AgentStream? Stream { get; set; }

    /// <summary>Whether it was woken to look for tasks since it was last asked, and not only for those that were handed over.</summary>
    public bool MustLook() => Interlocked.Exchange(ref _mustLook, 0) == 1;

    /// <summary>Tasks of the agent's that it was given when they were made, in the order of their commits.</summary>
    public IEnumerable<AgentTaskRecord> HandedOver()
    {
        while (_handedOver.TryDequeue(out var task))
            yield return task;
    }

    /// <summary>Waits to be woken, so long at most; false when nobody did.</summary>
    public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellation)
    {
        _dispatcher.SetIdle(this, true);
        try { return await _signal.WaitAsync(atMost, cancellation); }
        finally { _dispatcher.SetIdle(this, false); }
    }

    /// <summary>Stops waiting. What holds no handle needs no release, so a signal that is on its way may still come.</summary>
    public void Dispose() => _dispatcher.Leave(this);

    internal void Set()
    {
        Volatile.Write(ref _mustLook, 1);
        Signal();
    }

    /// <summary>Gives it a task that the agent holds by its stream, committed.</summary>
    internal void HandOver(AgentTaskRecord task)
    {
        _handedOver.Enqueue(task);
        Signal();
    }

    private void Signal()
    {
        if (_signal.CurrentCount > 0)
            return;
        try { _signal.Release(); }
        // Somebody else was first.
        catch (SemaphoreFullException) { }
    }

    /// <summary>Whether the agent may draw from a pool; the database decides again when it does.</summary>
    internal bool Matches(Pool pool) =>
        (pool.Role.Length == 0 || Agent.Roles.Contains(pool.Role)) && (pool.Platform is Contracts.Registry.V1.Platform.Unspecified || pool.Platform == Agent.Platform)
        && pool.Capabilities.All(Agent.Capabilities.Contains) && pool.Tags.All(Agent.Tags.Contains);
}
