namespace AgentPlatform.Gateway;

/// <summary>
/// So many tokens, of which more come in at an even pace until it is full. Not safe for several threads: whoever has it locks. The framework's own limiter takes whole
/// tokens and fills by a timer; here they are fractions, by the clock.
/// </summary>
public sealed class TokenBucket(double capacity, double perSecond, TimeProvider clock)
{
    private readonly double _capacity = capacity;
    private double _tokens = capacity;
    private readonly TimeProvider _clock = clock;
    private long _countedAt = clock.GetTimestamp();

    /// <summary>What is in it.</summary>
    public double Tokens
    {
        get
        {
            var now = _clock.GetTimestamp();
            _tokens = Math.Min(_capacity, _tokens + _clock.GetElapsedTime(_countedAt, now).TotalSeconds * perSecond);
            _countedAt = now;
            return _tokens;
        }
    }

    /// <summary>Whether nothing more goes into it.</summary>
    public bool IsFull => Tokens >= _capacity;

    /// <summary>How long until it is full, when nobody takes any.</summary>
    public TimeSpan FullIn => TimeSpan.FromSeconds((_capacity - Tokens) / perSecond);

    /// <summary>How long until it holds so many.</summary>
    public TimeSpan Until(double tokens) => TimeSpan.FromSeconds(Math.Max(0, tokens - Tokens) / perSecond);

    /// <summary>Takes so many, if they are there.</summary>
    public bool TryTake(double tokens)
    {
        if (Tokens < tokens)
            return false;
        _tokens -= tokens;
        return true;
    }

    /// <summary>Takes so many, or all that are there.</summary>
    public void Charge(double tokens) => _tokens = Math.Max(0, Tokens - tokens);

    /// <summary>Learns from elsewhere how many it holds.</summary>
    public void Set(double tokens) => (_tokens, _countedAt) = (Math.Clamp(tokens, 0, _capacity), _clock.GetTimestamp());
}
