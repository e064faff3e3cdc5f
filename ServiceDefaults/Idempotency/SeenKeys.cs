using System.Collections.Concurrent;

namespace AgentPlatform;

/// <summary>
/// Remembers the idempotency keys that have lately come to this instance: who comes again is most likely a repeat, and looks for its answer first. Only ever a guess. A repeat that
/// is taken for a first call meets its own answer at the commit, and a first call that is taken for a repeat finds none.
/// </summary>
public sealed class SeenKeys
{
    // Some megabytes in all. Repeats come within seconds, and nobody sends more in a minute.
    private const int Generation = 65_536;

    private volatile ConcurrentDictionary<long, byte> _young = new();
    private volatile ConcurrentDictionary<long, byte> _old = new();
    private int _added;

    /// <summary>Notes the key; false when it was here before.</summary>
    public bool Add(IdempotentCall call)
    {
        var isNew = _young.TryAdd(call.Lock, 0) && !_old.ContainsKey(call.Lock);
        // The number of a dictionary's keys costs more than to count along.
        if (isNew && Interlocked.Increment(ref _added) % Generation == 0)
            (_old, _young) = (_young, new());
        return isNew;
    }
}
