namespace AgentPlatform.Gateway;

/// <summary>A budget that one gateway counts by itself.</summary>
/// <param name="policy">Its name in <c>RateLimit</c> headers.</param>
/// <param name="perMinute">What it takes in a minute, and at once after a rest.</param>
/// <param name="clock">The time.</param>
public sealed class LocalBudget(string policy, int perMinute, TimeProvider clock)
{
    private readonly int _perMinute = perMinute;
    private readonly Lock _lock = new();
    private readonly TokenBucket _bucket = new(perMinute, perMinute / 60.0, clock);

    /// <summary>Takes a call's cost.</summary>
    public RateDecision Take(double cost)
    {
        lock (_lock)
            return Decide(_bucket.TryTake(cost), cost);
    }

    /// <summary>Whether a call of this cost would be admitted; takes nothing.</summary>
    public RateDecision Look(double cost)
    {
        lock (_lock)
            return Decide(_bucket.Tokens >= cost, cost);
    }

    /// <summary>Whether a new one would know as much.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock)
                return _bucket.IsFull;
        }
    }

    private RateDecision Decide(bool isAdmitted, double cost) => new(isAdmitted, policy, _perMinute, _bucket.Tokens, _bucket.FullIn, _bucket.Until(cost));
}
