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
    private readonly ConcurrentDictionary<string, byte> _connected = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _made = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _held = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _timed = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _done = new(StringComparer.Ordinal);
    private long _heartbeats;
    private long _lastWelcomeAt;
    private long _broken;
    private long _refused;
    private long _doubled;

    public long Heartbeats => Interlocked.Read(ref _heartbeats);

    /// <summary>Agents whose streams were welcomed, and are open.</summary>
    public int Connected => _connected.Count;

    /// <summary>When the last welcome came, by <see cref="Stopwatch"/>.</summary>
    public long LastWelcomeAt => Interlocked.Read(ref _lastWelcomeAt);

    /// <summary>Streams that the platform ended, or turned away.</summary>
    public long Broken => Interlocked.Read(ref _broken);

    /// <summary>Registrations that were refused, and sent again.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Ends of tasks that were acknowledged although another one had been.</summary>
    public long Doubled => Interlocked.Read(ref _doubled);

    public int Made => _made.Count;

    public int Done => _done.Count;

    /// <summary>Tasks that were made and not acknowledged.</summary>
    public int Open => _made.Keys.Count(id => !_done.ContainsKey(id));

    public void Connect(string agent)
    {
        _connected[agent] = 0;
        Interlocked.Exchange(ref _lastWelcomeAt, Stopwatch.GetTimestamp());
    }

    public void Refuse() => Interlocked.Increment(ref _refused);

    public void Disconnect(string agent, bool isBroken)
    {
        _connected.TryRemove(agent, out _);
        if (isBroken)
            Interlocked.Increment(ref _broken);
    }

    public void Beat(TimeSpan took)
    {
        if (Interlocked.Increment(ref _heartbeats) <= LatenciesMaximum)
            _beats.Enqueue(took.TotalMilliseconds);
    }

    /// <summary>A task was asked for, at this time by <see cref="Stopwatch"/>, and made.</summary>
    public void Make(string id, long askedAt)
    {
        _made[id] = askedAt;
        Time(id);
    }

    /// <summary>An agent holds it, perhaps sooner than its maker is told of it. Only the first time counts.</summary>
    public void Hold(string id)
    {
        _held.TryAdd(id, Stopwatch.GetTimestamp());
        Time(id);
    }

    public void Acknowledge(string id)
    {
        if (!_done.TryAdd(id, 0))
            Interlocked.Increment(ref _doubled);
    }

    public (double Median, double P99) BeatsMs => Of(_beats);

    public (double Median, double P99) DispatchesMs => Of(_dispatches);

    // Whichever of the two is noted last finds both.
    private void Time(string id)
    {
        if (_made.TryGetValue(id, out var askedAt) && _held.TryGetValue(id, out var heldAt) && _timed.TryAdd(id, 0) && _dispatches.Count < LatenciesMaximum)
            _dispatches.Enqueue(Stopwatch.GetElapsedTime(askedAt, heldAt).TotalMilliseconds);
    }

    private static (double Median, double P99) Of(ConcurrentQueue<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? (0, 0) : (sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)]);
    }
}
