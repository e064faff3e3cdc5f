using Npgsql;

namespace AgentPlatform;

/// <summary>A unit of work on its way into a group.</summary>
/// <param name="connectionTag">Whose work it is.</param>
/// <param name="question">What it asks first; null when it only adds.</param>
/// <param name="additions">What it writes, from the row that its question found; null when there was none, or when it refuses: it then leaves the group.</param>
/// <param name="cancellation">Whether it is still wanted, until it is on its way.</param>
internal sealed class CommitMember(string connectionTag, GroupQuestion? question, Func<NpgsqlDataReader?, Additions?> additions, CancellationToken cancellation)
    : GroupMember(connectionTag, cancellation)
{
    public GroupQuestion? Question => question;

    public Additions? Additions(NpgsqlDataReader? row) => additions(row);
}
