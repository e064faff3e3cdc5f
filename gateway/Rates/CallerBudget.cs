namespace AgentPlatform.Gateway;

/// <summary>
/// What one caller may still do, as this gateway knows it. Far below the limit a call is a subtraction: it takes from the portion that this gateway has got of the
/// budget that all gateways share. Without Redis this gateway's own count decides, which goes along all the time.
/// </summary>
public sealed class CallerBudget(string subject, RateSettings settings, RateLedger? ledger, TimeProvider clock)
{
    private const string Policy = "calls";

    private readonly RateSettings _settings = settings;
    private readonly TimeProvider _clock = clock;
    private readonly Lock _lock = new();
    private readonly TokenBucket _own = new(settings.Burst, settings.Calls / 60.0, clock);

    // As it was when Redis was asked last, and what has come in since.
    private readonly TokenBucket _shared = new(settings.Burst, settings.Calls / 60.0, clock);
    private double _portion;
    private long _portionSince;
    private double _waiting;
    private Task<bool>? _asking;
    private bool _isRetired;

    private double Unspent => _clock.GetElapsedTime(_portionSince) < RateLedger.PortionLifetime ? _portion : 0;

    /// <summary>Takes a call's cost; null when this budget was retired, and another is in its place.</summary>
    public ValueTask<RateDecision>? TryTake(double cost)
    {
        lock (_lock)
            return _isRetired ? null
                : ledger is null ? new(TakeOwn(cost))
                : TakePortion(cost) is { } decision ? new(decision)
                : new(AskAndTakeAsync(ledger, cost));
    }

    /// <summary>Ends it, if a new one would know as much.</summary>
    public bool TryRetire()
    {
        lock (_lock)
            return _isRetired = _asking is null && Unspent == 0 && _own.IsFull && _shared.IsFull;
    }

    private async Task<RateDecision> AskAndTakeAsync(RateLedger redis, double cost)
    {
        while (true)
        {
            Task<bool> asking;
            lock (_lock)
            {
                if (TakePortion(cost) is { } decision)
                    return decision;
                // One question for all who wait; for those who come while it is on its way, the next.
                _waiting += cost;
                asking = _asking ??= Task.Run(() => AskAsync(redis, cost));
            }
            if (await asking)
                continue;
            lock (_lock)
                return TakeOwn(cost);
        }
    }

    private async Task<bool> AskAsync(RateLedger redis, double least)
    {
        var (unspent, wanted, askedAt) = (0.0, 0.0, _clock.GetTimestamp());
        lock (_lock)
            (unspent, wanted, _portion, _waiting) = (Unspent, _waiting, 0, 0);
        (double Granted, double Left)? answer = null;
        try
        {
            answer = await redis.TakeAsync(subject, least, wanted, unspent);
            return answer is not null;
        }
        finally
        {
            lock (_lock)
            {
                _asking = null;
                if (answer is var (granted, left))
                {
                    // From before the question: here it ends before it does there.
                    (_portion, _portionSince) = (granted, askedAt);
                    _shared.Set(left);
                }
            }
        }
    }

    // Null when Redis may have more than is known here.
    private RateDecision? TakePortion(double cost)
    {
        var unspent = Unspent;
        if (unspent >= cost)
        {
            _portion -= cost;
            _own.Charge(cost);
            return Decide(isAdmitted: true, _shared, unspent - cost, cost);
        }
        return unspent + _shared.Tokens < cost ? Decide(isAdmitted: false, _shared, unspent, cost) : null;
    }

    private RateDecision TakeOwn(double cost) => Decide(_own.TryTake(cost), _own, beside: 0, cost);

    private RateDecision Decide(bool isAdmitted, TokenBucket bucket, double beside, double cost) =>
        new(isAdmitted, Policy, _settings.Calls, bucket.Tokens + beside, bucket.FullIn, bucket.Until(cost - beside));
}
