using System.Collections.Concurrent;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Remembers which tag (<c>application_name</c>) each connection carries, so that it is sent only when it changes: that costs Postgres as
/// much as a small insert. Known by the server's process id; should one come again on a new connection, its label is the old one until
/// somebody else takes it.
/// </summary>
/// <remarks>
/// <c>service/tier</c>, <c>service/agent/id</c> for an agent, and <c>service/agent/id +7</c> while it does the work of that agent and of seven others together: for some
/// milliseconds, since whoever has to wait for a row does so alone.
/// </remarks>
public sealed class ConnectionTags
{
    // As much as Postgres keeps.
    private const int MaximumLength = 63;

    /// <summary>Gives the connection its tag, as long as it lives.</summary>
    public const string Set = "SELECT set_config('application_name', $1, false)";

    private readonly ConcurrentDictionary<int, string> _tags = new();

    /// <summary>The tag, as much of it as there is room for.</summary>
    public static string Cut(string tag) => tag.Length <= MaximumLength ? tag : tag[..MaximumLength];

    /// <summary>The tag of what travels together: that of the first, and how many others there are.</summary>
    internal static string Of(IReadOnlyList<GroupMember> group)
    {
        var first = group[0].ConnectionTag;
        var others = group.Select(m => m.ConnectionTag).Distinct().Count() - 1;
        if (others == 0)
            return first;
        var suffix = $" +{others}";
        return string.Concat(first.AsSpan(0, Math.Min(first.Length, MaximumLength - suffix.Length)), suffix);
    }

    /// <summary>Sends the tag along when it is another one than the connection carries; its result comes first then.</summary>
    internal bool AddTo(NpgsqlBatch batch, NpgsqlConnection connection, string tag)
    {
        var isThere = Has(connection, tag);
        if (!isThere)
            batch.Add(Set, tag);
        return isThere;
    }

    /// <summary>Whether the connection carries this tag.</summary>
    public bool Has(NpgsqlConnection connection, string tag) => _tags.TryGetValue(connection.ProcessID, out var present) && present == tag;

    /// <summary>What has set the tag is committed.</summary>
    public void Remember(NpgsqlConnection connection, string tag) => _tags[connection.ProcessID] = tag;

    /// <summary>All connections are gone.</summary>
    public void Clear() => _tags.Clear();
}
