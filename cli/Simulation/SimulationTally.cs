using System.Collections.Concurrent;
using System.Diagnostics;

namespace AgentPlatform.Cli.Simulation;

/// <summary>What the agents of a simulation have done and seen, counted by all of them at once.</summary>
public sealed class SimulationTally
{
    // As many as tell a percentile well; those after that are counted, not kept.
    private const int LatenciesMaximum = 200_000;

    private readonly ConcurrentQueue<double> _beats = new();
    private readonly ConcurrentQueue<double> _dispatches = new();
    private readonly ConcurrentDictionary<string, long> _made = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Id, int Attempt), byte> _seen = new();
    private readonly ConcurrentDictionary<string, byte> _done = new(StringComparer.Ordinal);
    private long _heartbeats;
    private long _connected;
    private long _broken;
    private long _doubled;

    public long Heartbeats => Interlocked.Read(ref _heartbeats);

    public long Connected => Interlocked.Read(ref _connected);

    public long Broken => Interlocked.Read(ref _broken);

    /// <summary>Tasks that came twice by the same attempt to an agent that had named them, or were acknowledged twice.</summary>
    public long Doubled => Interlocked.Read(ref _doubled);

    public int Made => _made.Count;

    public int Done => _done.Count;

    /// <summary>Tasks that were made and not acknowledged.</summary>
    public int Open => _made.Keys.Count(id => !_done.ContainsKey(id));

    public void Connect() => Interlocked.Increment(ref _connected);

    public void Disconnect(bool isBroken)
    {
        Interlocked.Decrement(ref _connected);
        if (isBroken)
            Interlocked.Increment(ref _broken);
    }

    public void Beat(TimeSpan took)
    {
        if (Interlocked.Increment(ref _heartbeats) <= LatenciesMaximum)
            _beats.Enqueue(took.TotalMilliseconds);
    }

    /// <summary>A task was asked for, at this time by <see cref="Stopwatch"/>.</summary>
    public void Make(string id, long askedAt) => _made[id] = askedAt;

    /// <summary>The agent holds it. One that comes sooner than its maker is told of it has no latency to show.</summary>
    public void Hold(string id, int attempt)
    {
        if (_seen.TryAdd((id, attempt), 0) && _made.TryGetValue(id, out var askedAt) && _dispatches.Count < LatenciesMaximum)
            _dispatches.Enqueue(Stopwatch.GetElapsedTime(askedAt).TotalMilliseconds);
    }

    public void Acknowledge(string id)
    {
        if (!_done.TryAdd(id, 0))
            Interlocked.Increment(ref _doubled);
    }

    public (double Median, double P99) BeatsMs => Of(_beats);

    public (double Median, double P99) DispatchesMs => Of(_dispatches);

    private static (double Median, double P99) Of(ConcurrentQueue<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? (0, 0) : (sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)]);
    }
}
