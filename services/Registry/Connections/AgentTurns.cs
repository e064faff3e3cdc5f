namespace AgentPlatform.Registry;

/// <summary>
/// Lines up what needs one of agents' connections for itself: registrations, streams that resume, tasks that are handed out. As many go at a time as there are connections; the
/// others wait in their order, instead of being turned away by a pool whose places a whole fleet has taken at once.
/// </summary>
public sealed class AgentTurns(PoolSettings pool)
{
    // Of the time that the pool has a call wait for a connection: a fleet of thousands takes some seconds to come back.
    private const int LongestWaitTimes = 5;

    private readonly SemaphoreSlim _free = new(Math.Max(1, pool.LimitOf(PoolTier.Agent)));

    /// <summary>Does this when it is its turn. Who has waited for too long asks the pool all the same, which refuses him when it has none.</summary>
    public async Task<T> TakeAsync<T>(Func<Task<T>> work, CancellationToken cancellation)
    {
        var isTaken = await _free.WaitAsync(LongestWaitTimes * pool.Wait, cancellation);
        try { return await work(); }
        finally
        {
            if (isTaken)
                _free.Release();
        }
    }
}
