namespace AgentPlatform;

/// <summary>A listener to one topic of <see cref="Wakeups"/>; for one waiter at a time. Dispose it to stop listening.</summary>
public sealed class Wakeup : IDisposable
{
    // Redis may be gone, and a message may be lost with it.
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(1);

    private readonly Wakeups _wakeups;
    private readonly SemaphoreSlim _signal = new(0, 1);

    internal Wakeup(Wakeups wakeups, string topic) => (_wakeups, Topic) = (wakeups, topic);

    internal string Topic { get; }

    /// <summary>Waits for a change since the last wait, a second at most.</summary>
    public Task WaitAsync(CancellationToken cancellation) => _signal.WaitAsync(LookAtLeastEvery, cancellation);

    /// <summary>Stops listening. What holds no handle needs no release, so a signal that is on its way may still come.</summary>
    public void Dispose() => _wakeups.Remove(this);

    internal void Set()
    {
        if (_signal.CurrentCount > 0)
            return;
        try { _signal.Release(); }
        // Somebody else was first.
        catch (SemaphoreFullException) { }
    }
}
