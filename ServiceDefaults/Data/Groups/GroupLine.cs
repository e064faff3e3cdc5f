namespace AgentPlatform;

/// <summary>What waits to travel together, of one tier. Whoever touches it holds its lock.</summary>
internal sealed class GroupLine<TMember>(PoolTier tier)
    where TMember : GroupMember
{
    // With a half, or all, of them, groups are larger still, and too little goes on beside the one that is on its way.
    private const int WorthAFlight = 3;

    // How many call at the same time, as far as could be seen lately.
    private int _crowd;

    // The flight that collects waits for this; and how many are to wait for the flight.
    private TaskCompletionSource? _collecting;
    private int _wanted;

    public PoolTier Tier => tier;

    /// <summary>Whether a flight has a connection and waits for more members.</summary>
    public bool IsCollecting => _collecting is not null;

    /// <summary>In the order of their coming.</summary>
    public LinkedList<TMember> Waiting { get; } = [];

    /// <summary>How many connections work for this line now, or wait to.</summary>
    public int Flights { get; set; }

    /// <summary>How many of them have no connection yet.</summary>
    public int Boarding { get; set; }

    /// <summary>How many groups have gone.</summary>
    public long Departures { get; private set; }

    /// <summary>Whether somebody sees to it that who waits does not do so because of one group.</summary>
    public bool IsWatched { get; set; }

    /// <summary>
    /// What the flight on which so many have just landed is to wait for, a while at most, and to <see cref="StopCollecting"/> then; null when a third of those who call at the same time wait already,
    /// or another one collects.
    /// </summary>
    public Task? TryCollect(int landed)
    {
        if (landed == 0 || IsCollecting)
            return null;
        _crowd = Math.Max(landed + Waiting.Count, _crowd * 7 / 8);
        _wanted = _crowd / WorthAFlight;
        if (Waiting.Count >= _wanted)
            return null;
        _collecting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _collecting.Task;
    }

    /// <summary>Lets the flight go that collects, if there is one and it has enough now.</summary>
    public void StopCollectingIfEnough()
    {
        if (Waiting.Count < _wanted)
            return;
        _collecting?.SetResult();
        _collecting = null;
    }

    /// <summary>The flight that has waited for this goes, with whoever is there.</summary>
    public void StopCollecting(Task collecting)
    {
        if (_collecting?.Task == collecting)
            _collecting = null;
    }

    /// <summary>Takes the first one whose caller is still there, and those behind it that are admitted; empty only when nobody waits.</summary>
    public List<TMember> Take(int atMost, Func<TMember, bool> isAdmitted, Action onTaken)
    {
        var group = new List<TMember>();
        var node = Waiting.First;
        while (node is not null && group.Count < atMost)
        {
            var (member, next) = (node.Value, node.Next);
            // Who has gone is asked for first: if he were admitted, he could keep out all others, and nobody would come for them.
            var isWanted = member.IsWanted();
            if (!isWanted || isAdmitted(member))
            {
                Waiting.Remove(node);
                onTaken();
                if (isWanted)
                    group.Add(member);
            }
            node = next;
        }
        Departures += group.Count > 0 ? 1 : 0;
        // Nobody has come, though the flight may have waited for some.
        _crowd = group.Count > 0 ? _crowd : 0;
        return group;
    }
}
