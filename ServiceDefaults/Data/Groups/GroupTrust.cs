using System.Collections.Concurrent;

namespace AgentPlatform;

/// <summary>
/// Knows whose work broke a group lately: a group that Postgres refuses costs all of its callers a second try. For a while such a caller's work travels with its own alone, so
/// that one who is refused again and again, by mistake or on purpose, slows down nobody else.
/// </summary>
internal sealed class GroupTrust(TimeProvider clock)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    // As many as are remembered before those are looked for that need not be: most never come again.
    private const int Remembered = 1_000;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _until = new();

    /// <summary>What this caller sent was refused, alone, after the group that it was in.</summary>
    public void Withdraw(string connectionTag)
    {
        var now = clock.GetUtcNow();
        if (_until.Count >= Remembered)
            foreach (var entry in _until)
                if (entry.Value <= now)
                    _until.TryRemove(entry);
        _until[connectionTag] = now + Period;
    }

    /// <summary>An admission to one group: that of <paramref name="inner"/>, and whoever broke a group only beside its own.</summary>
    public Func<CommitMember, bool> Guard(Func<CommitMember, bool> inner)
    {
        CommitMember? first = null;
        return member =>
        {
            first ??= member;
            return (member.ConnectionTag == first.ConnectionTag || IsTrusted(member) && IsTrusted(first)) && inner(member);
        };
    }

    private bool IsTrusted(CommitMember member)
    {
        if (!_until.TryGetValue(member.ConnectionTag, out var until))
            return true;
        if (clock.GetUtcNow() < until)
            return false;
        _until.TryRemove(KeyValuePair.Create(member.ConnectionTag, until));
        return true;
    }
}
