namespace AgentPlatform.Registry;

/// <summary>An agent that waits at this instance for tasks or commands. Dispose it when it leaves.</summary>
public sealed class Waiter : IDisposable
{
    private readonly Dispatcher _dispatcher;
    private readonly SemaphoreSlim _signal = new(0, 1);

    internal Waiter(Dispatcher dispatcher, AgentRecord agent) => (_dispatcher, Agent) = (dispatcher, agent);

    public AgentRecord Agent { get; }

    /// <summary>
    /// Whether there may be more than it had room for, so that it is to be woken when a task of its agent's has ended. Who has taken all there was says no.
    /// </summary>
    public bool MayBeFull { get; set; } = true;

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
