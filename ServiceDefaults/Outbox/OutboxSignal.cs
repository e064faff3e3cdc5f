namespace AgentPlatform;

/// <summary>Wakes the relay of this process when something was committed to the outbox.</summary>
public sealed class OutboxSignal
{
    private readonly SemaphoreSlim _signal = new(0, 1);

    /// <summary>There is something to relay. Several calls before the relay looks count once.</summary>
    public void Set()
    {
        // While the relay is busy or waits for Audit, every commit comes by here; an exception each time would cost as much as the call.
        if (_signal.CurrentCount > 0)
            return;
        try { _signal.Release(); }
        // Somebody else was first.
        catch (SemaphoreFullException) { }
    }

    /// <summary>Waits until it is set, or for <paramref name="atMost"/>.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellation) => _signal.WaitAsync(atMost, cancellation);
}
