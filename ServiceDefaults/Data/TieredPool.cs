using System.Diagnostics.Metrics;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Shares the service's connections out by tier, so that a flood of agents cannot keep people, or the platform itself, from
/// the database. A breaker turns agents away at once while 90 % of all connections are taken; otherwise a call waits its turn
/// for a while. Refused calls had no effect.
/// </summary>
public sealed class TieredPool
{
    /// <summary>What an agent that is turned away should wait; clients add their own backoff and jitter.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500);

    private readonly NpgsqlDataSource _source;
    private readonly PoolSettings _settings;
    private readonly Dictionary<PoolTier, Tier> _tiers;
    private readonly Counter<long> _refusals;

    public TieredPool(NpgsqlDataSource source, PoolSettings settings, IMeterFactory meters)
    {
        (_source, _settings) = (source, settings);
        _tiers = Enum.GetValues<PoolTier>().ToDictionary(t => t, t => new Tier(settings.LimitOf(t)));

        var meter = meters.Create(Telemetry.MeterName);
        _refusals = meter.CreateCounter<long>("agentplatform.pool.refusals", "{call}", "Calls that got no connection.");
        meter.CreateObservableGauge("agentplatform.pool.connections.in_use", () => Measure(t => t.InUse), "{connection}", "Connections taken.");
        meter.CreateObservableGauge("agentplatform.pool.connections.limit", () => Measure(t => t.Limit), "{connection}", "Connections that the tier has.");
        meter.CreateObservableGauge("agentplatform.pool.waiting", () => Measure(t => t.Waiting), "{call}", "Calls that wait for a connection.");
        meter.CreateObservableGauge("agentplatform.pool.breaker.open", () => IsBreakerOpen ? 1 : 0, description: "1 while agents are turned away.");
    }

    /// <summary>Whether agents are turned away.</summary>
    public bool IsBreakerOpen => _tiers.Values.Sum(t => t.InUse) >= _settings.BreakerThreshold;

    /// <summary>How the pool stands: limit, in use, waiting, refused since the start, by tier.</summary>
    public IReadOnlyList<TierStatistics> Statistics() =>
        [.. _tiers.Select(t => new TierStatistics(t.Key, t.Value.Limit, t.Value.InUse, t.Value.Waiting, Interlocked.Read(ref t.Value.Refused)))];

    /// <summary>An open connection of the tier; RESOURCE_EXHAUSTED with a retry delay when there is none in time.</summary>
    public async ValueTask<RentedConnection> RentAsync(PoolTier tier, CancellationToken cancellation)
    {
        var own = _tiers[tier];
        if (tier == PoolTier.Agent && IsBreakerOpen)
            throw Refuse(tier, "POOL_BREAKER_OPEN", "Nearly all database connections are in use; agents wait first.");
        if (!await own.TakeAsync(_settings, cancellation))
            throw Exhausted(tier);
        try
        {
            return new RentedConnection(await _source.OpenConnectionAsync(cancellation), own.GiveBack);
        }
        catch
        {
            own.GiveBack();
            throw;
        }
    }

    /// <summary>Counts a call that waits, until <see cref="StopWaiting"/>; refuses it when too many do.</summary>
    internal void StartWaiting(PoolTier tier)
    {
        if (!_tiers[tier].TryWait(_settings))
            throw Exhausted(tier);
    }

    internal void StopWaiting(PoolTier tier) => _tiers[tier].StopWaiting();

    /// <summary>What a call is told that gets no connection.</summary>
    private PlatformException Exhausted(PoolTier tier) =>
        Refuse(tier, "POOL_EXHAUSTED", $"No database connection became free within {_settings.Wait.TotalSeconds:0.#} s.");

    private PlatformException Refuse(PoolTier tier, string reason, string message)
    {
        Interlocked.Increment(ref _tiers[tier].Refused);
        _refusals.Add(1, new KeyValuePair<string, object?>("tier", NameOf(tier)));
        return new PlatformException(StatusCode.ResourceExhausted, reason, message) { RetryAfter = RetryAfter };
    }

    private IEnumerable<Measurement<int>> Measure(Func<Tier, int> value) =>
        _tiers.Select(t => new Measurement<int>(value(t.Value), new KeyValuePair<string, object?>("tier", NameOf(t.Key))));

    /// <summary>The tier as metrics and connection tags write it.</summary>
    public static string NameOf(PoolTier tier) => tier switch
    {
        PoolTier.Agent => "agent",
        PoolTier.Ui => "ui",
        _ => "system",
    };

    private sealed class Tier(int limit)
    {
        private readonly SemaphoreSlim _free = new(limit, limit);
        private int _waiting;

        public long Refused;

        public int Limit => limit;

        public int InUse => limit - _free.CurrentCount;

        public int Waiting => Volatile.Read(ref _waiting);

        public async ValueTask<bool> TakeAsync(PoolSettings settings, CancellationToken cancellation)
        {
            if (_free.Wait(0, CancellationToken.None))
                return true;
            if (!TryWait(settings))
                return false;
            try { return await _free.WaitAsync(settings.Wait, cancellation); }
            finally { StopWaiting(); }
        }

        public bool TryWait(PoolSettings settings)
        {
            if (Interlocked.Increment(ref _waiting) <= settings.MaximumWaiting)
                return true;
            StopWaiting();
            return false;
        }

        public void StopWaiting() => Interlocked.Decrement(ref _waiting);

        public void GiveBack() => _free.Release();
    }
}
