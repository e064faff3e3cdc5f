namespace AgentPlatform;

/// <summary>What waits to travel together, of one tier. Whoever touches it holds its lock.</summary>
internal sealed class GroupLine<TMember>(PoolTier tier)
    where TMember : GroupMember
{
    public PoolTier Tier => tier;

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
        return group;
    }
}
