namespace AgentPlatform;

/// <summary>Units of work of one tier that wait to be committed together. Whoever touches it holds its lock.</summary>
internal sealed class GroupLine(PoolTier tier)
{
    public PoolTier Tier => tier;

    /// <summary>In the order of their coming.</summary>
    public LinkedList<GroupMember> Waiting { get; } = [];

    /// <summary>How many connections commit for this line now, or wait to.</summary>
    public int Flights { get; set; }

    /// <summary>
    /// Takes the first one and those behind it that may go with it: of the same tag, and none about the same thing as another, which would not see what
    /// that one writes.
    /// </summary>
    public List<GroupMember> Take(int atMost, Action onTaken)
    {
        var (group, subjects) = (new List<GroupMember>(), new HashSet<Guid>());
        var node = Waiting.First;
        while (node is not null && group.Count < atMost)
        {
            var (member, next) = (node.Value, node.Next);
            var mayCome = group.Count == 0 || member.ConnectionTag == group[0].ConnectionTag;
            if (mayCome && (member.Question is null || subjects.Add(member.Question.Subject)))
            {
                Waiting.Remove(node);
                onTaken();
                if (member.IsWanted())
                    group.Add(member);
            }
            node = next;
        }
        return group;
    }
}
