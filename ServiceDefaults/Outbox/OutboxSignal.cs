namespace AgentPlatform;

/// <summary>Wakes the relay of this process when something was committed to the outbox.</summary>
public sealed class OutboxSignal
{
    private readonly SemaphoreSlim _signal = new(0, 1);

    /// <summary>There is something to relay. Several calls before the relay looks count once.</summary>
    public void Set()
    {
        try { _signal.Release(); }
        // It is set already.
        catch (SemaphoreFullException) { }
    }

    /// <summary>Waits until it is set, or for <paramref name="atMost"/>.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellation) => _signal.WaitAsync(atMost, cancellation);
}
