using System.Collections.Concurrent;
using System.Net;

namespace AgentPlatform.Gateway;

/// <summary>
/// Says whether a call may pass. Each caller has a budget for what people may call as well, which all gateways share (<see cref="CallerBudget"/>), and agents and
/// services have one of their own for what only they may call, at each gateway. Who brings no valid token is counted by his address.
/// </summary>
public sealed class RateLimiter(RateSettings settings, RateRules rules, TimeProvider clock, RateLedger? ledger = null)
{
    private const double StrangerCost = 1;

    // Each has some 100 bytes; beyond these many, strangers share one.
    private const int StrangersMaximum = 100_000;
    private static readonly string Crowd = "";

    private readonly ConcurrentDictionary<string, CallerBudget> _callers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, LocalBudget> _machines = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, LocalBudget> _strangers = new(StringComparer.Ordinal);

    /// <summary>Takes what a call of this method costs from its caller's budget.</summary>
    public ValueTask<RateDecision> TakeAsync(string subject, string method)
    {
        var rule = rules.Of(method);
        if (rule.IsMachine)
            return new(settings.Machine == 0 ? RateDecision.Unlimited
                : _machines.GetOrAdd(subject, static (_, x) => new LocalBudget("machine", x.settings.Machine, x.clock), (settings, clock)).Take(rule.Cost));
        if (settings.Calls == 0)
            return new(RateDecision.Unlimited);
        while (true)
        {
            var budget = _callers.GetOrAdd(subject, static (s, x) => new CallerBudget(s, x.settings, x.ledger, x.clock), (settings, ledger, clock));
            if (budget.TryTake(rule.Cost) is { } decision)
                return decision;
        }
    }

    /// <summary>Whether somebody at this address may still try a token that is not known to be valid.</summary>
    public RateDecision LookAtStranger(IPAddress? address) => StrangerAt(address)?.Look(StrangerCost) ?? RateDecision.Unlimited;

    /// <summary>Counts a call from this address that brought no valid token.</summary>
    public void CountStranger(IPAddress? address) => StrangerAt(address)?.Take(StrangerCost);

    /// <summary>Forgets those who have not called for so long that it makes no difference.</summary>
    public void Sweep()
    {
        foreach (var (subject, budget) in _callers)
            if (budget.TryRetire())
                _callers.TryRemove(subject, out _);
        foreach (var all in new[] { _machines, _strangers })
            foreach (var (key, budget) in all)
                if (budget.IsIdle)
                    all.TryRemove(KeyValuePair.Create(key, budget));
    }

    private LocalBudget? StrangerAt(IPAddress? address)
    {
        if (settings.Strangers == 0)
            return null;
        var key = PeerAddress.Of(address);
        if (!_strangers.ContainsKey(key) && _strangers.Count >= StrangersMaximum)
            key = Crowd;
        return _strangers.GetOrAdd(key, static (_, x) => new LocalBudget("strangers", x.settings.Strangers, x.clock), (settings, clock));
    }
}
