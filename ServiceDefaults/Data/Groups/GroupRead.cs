using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Runs several callers' small reads in one message, and those of one text in one statement. What a read by a key costs is the way there and back, and what a statement costs
/// to begin, far more than the read: at many callers this halves the processor time of both sides and more. A group that Postgres refuses is read again, each call's part alone.
/// </summary>
public sealed class GroupRead
{
    // One at a time: what comes meanwhile goes together next, and a large group costs little more than a small one.
    private static readonly FlightLimits Limits = new(Group: 32, Eager: 1, WaitingForAnother: 32);

    private readonly ConnectionTags _tags;
    private readonly GroupMetrics _metrics;
    private readonly GroupFlights<ReadMember> _flights;

    public GroupRead(TieredPool pool, ConnectionTags tags, PoolSettings settings, GroupMetrics metrics) =>
        (_tags, _metrics, _flights) = (tags, metrics, new(pool, settings, Limits, ReadAsync, () => _ => true));

    /// <summary>True when the lists are filled; false when it must be tried alone. Throws what the pool or the connection says.</summary>
    internal Task<bool> ReadAsync(PoolTier tier, ReadMember member) => _flights.JoinAsync(tier, member);

    private async Task ReadAsync(NpgsqlConnection connection, List<ReadMember> group)
    {
        group.ForEach(m => m.GoWith(group.Count));
        using var span = GroupMember.StartSpan("group read", group);
        try
        {
            await ReadBatch.RunAsync(connection, _tags, ConnectionTags.Of(group), MergedRead.Of(group.Select(m => m.Reads.Queries)), CancellationToken.None);
            group.ForEach(m => m.Succeed());
        }
        catch (Exception e) when (e is not NpgsqlException || e is PostgresException p && !Database.IsConnectionLost(p))
        {
            _metrics.ReadRefused(e);
            group.ForEach(m => m.GoAlone());
        }
    }
}
