using System.Collections.Concurrent;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Remembers which tag (<c>application_name</c>) each connection carries, so that it is sent only when it changes: that costs Postgres as
/// much as a small insert. Known by the server's process id; should one come again on a new connection, its label is the old one until
/// somebody else takes it.
/// </summary>
public sealed class ConnectionTags
{
    /// <summary>Gives the connection its tag, as long as it lives.</summary>
    public const string Set = "SELECT set_config('application_name', $1, false)";

    private readonly ConcurrentDictionary<int, string> _tags = new();

    /// <summary>Whether the connection carries this tag.</summary>
    public bool Has(NpgsqlConnection connection, string tag) => _tags.TryGetValue(connection.ProcessID, out var present) && present == tag;

    /// <summary>What has set the tag is committed.</summary>
    public void Remember(NpgsqlConnection connection, string tag) => _tags[connection.ProcessID] = tag;

    /// <summary>All connections are gone.</summary>
    public void Clear() => _tags.Clear();
}
