using System.Collections.Concurrent;

namespace AgentPlatform.Registry;

/// <summary>An agent that waits at this instance for tasks or commands. Dispose it when it leaves.</summary>
public sealed class Waiter : IDisposable
{
    private readonly Dispatcher _dispatcher;
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly ConcurrentQueue<AgentTaskRecord> _handedOver = new();
    private int _mustLook;
    private int _mayBeFull = 1;
    private int _offers;

    internal Waiter(Dispatcher dispatcher, AgentRecord agent) => (_dispatcher, Agent) = (dispatcher, agent);

    public AgentRecord Agent { get; }

    /// <summary>
    /// Whether there may be more than it had room for, so that it is to be woken when a task of its agent's has ended. Who has taken all there was says no.
    /// </summary>
    public bool MayBeFull
    {
        get => Volatile.Read(ref _mayBeFull) == 1;
        // A fence: who offers a task meanwhile sees this, or is seen by whoever reads the offers next.
        set => Interlocked.Exchange(ref _mayBeFull, value ? 1 : 0);
    }

    /// <summary>For how many tasks it is not known yet whether the agent holds them: what looks for tasks leaves so much of its room to them.</summary>
    public int Offers => Volatile.Read(ref _offers);

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

    /// <summary>
    /// Offers it a task that is being made: how many the agent must hold less than for it to have room, since those that were offered before count as if it held them. Null when
    /// it has none, or there may be others for that. To be taken back once it is known how it went.
    /// </summary>
    internal long? Offer()
    {
        var before = Interlocked.Increment(ref _offers) - 1;
        if (Stream is { } stream && before < stream.MaxInFlight && !MayBeFull)
            return stream.MaxInFlight - before;
        TakeBackOffer();
        return null;
    }

    internal void TakeBackOffer() => Interlocked.Decrement(ref _offers);

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
