using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Commits several callers' units of work in one transaction: a round trip, two when they ask something first, one wait for the disk, one statement for
/// all their answers and one for all their audit entries. A group that fails has had no effect, and each of it then goes alone, so that whoever is to blame
/// bears it alone. docs/decisions/0006.
/// </summary>
public sealed class GroupCommit
{
    // A transaction of about a millisecond; where the disk is slow, eight are waiting soon.
    private static readonly FlightLimits Limits = new(Group: 32, Eager: 2, WaitingForAnother: 8);

    // Whoever must wait longer for a row does so alone, and holds up nobody who has nothing to do with it.
    private const string LockTimeout = "SELECT set_config('lock_timeout', '100ms', true)";

    private readonly ConnectionTags _tags;
    private readonly GroupFlights<CommitMember> _adding;
    private readonly GroupFlights<CommitMember> _asking;

    public GroupCommit(TieredPool pool, ConnectionTags tags, PoolSettings settings)
    {
        _tags = tags;
        _adding = new(pool, settings, Limits, CommitAsync, () => _ => true);
        _asking = new(pool, settings, Limits, CommitAsync, OneOfEachSubject);
    }

    /// <summary>True when the unit is committed; false when it has had no effect and must be tried alone. Throws what the pool or the connection says.</summary>
    internal Task<bool> CommitAsync(PoolTier tier, CommitMember member) => (member.Question is null ? _adding : _asking).JoinAsync(tier, member);

    // Of two about the same thing the second would not see what the first writes.
    private static Func<CommitMember, bool> OneOfEachSubject()
    {
        var subjects = new HashSet<Guid>();
        return member => subjects.Add(member.Question!.Subject);
    }

    private async Task CommitAsync(NpgsqlConnection connection, List<CommitMember> group)
    {
        var hasBegun = group[0].Question is not null;
        try
        {
            var ready = hasBegun ? await AskAsync(connection, group) : group.ConvertAll(m => (m, m.Additions(null)!));
            await WriteAsync(connection, ready, hasBegun);
            ready.ForEach(r => r.Item1.Succeed());
        }
        // Something of it was refused, and so all.
        catch (PostgresException e) when (!Database.IsConnectionLost(e))
        {
            if (hasBegun)
                await RollbackAsync(connection);
            group.ForEach(m => m.GoAlone());
        }
    }

    // Asks all questions in one round trip; who finds nothing, or refuses what it finds, leaves the group.
    private async Task<List<(CommitMember Member, Additions Additions)>> AskAsync(NpgsqlConnection connection, List<CommitMember> group)
    {
        group.Sort((a, b) => a.Question!.Subject.CompareTo(b.Question!.Subject));
        await using var batch = connection.CreateBatch();
        batch.Add("BEGIN");
        var isTagged = AddTag(batch, connection, group);
        batch.Add(LockTimeout);
        foreach (var question in group.Select(m => m.Question!))
        {
            foreach (var (sql, values) in question.Before)
                batch.Add(sql, values);
            batch.Add(question.Sql, question.Values);
        }
        var ready = new List<(CommitMember, Additions)>(group.Count);
        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        // Of the tag, when it is sent, and of the timeout.
        for (var skipped = isTagged ? 1 : 0; skipped < 2; skipped++)
            await reader.NextResultAsync();
        foreach (var member in group)
        {
            await reader.SkipLocksAsync(member.Question!.Before);
            if (await reader.ReadAsync() && member.Additions(reader) is { } additions)
                ready.Add((member, additions));
            else
                member.GoAlone();
            await reader.NextResultAsync();
        }
        return ready;
    }

    private async Task WriteAsync(NpgsqlConnection connection, List<(CommitMember Member, Additions Additions)> ready, bool hasBegun)
    {
        await using var batch = connection.CreateBatch();
        var isTagged = true;
        if (!hasBegun)
        {
            // A batch is a transaction by itself.
            isTagged = AddTag(batch, connection, ready.ConvertAll(r => r.Member));
            batch.Add(LockTimeout);
        }
        Additions.AddTo(batch, ready.ConvertAll(r => r.Additions));
        if (hasBegun)
            batch.Add("COMMIT");
        ready.ForEach(r => r.Member.GoWith(ready.Count));
        using var span = GroupMember.StartSpan("group commit", ready.Select(r => r.Member));
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
        if (!isTagged || hasBegun && ready.Count > 0)
            _tags.Remember(connection, ready[0].Member.ConnectionTag);
    }

    private bool AddTag(NpgsqlBatch batch, NpgsqlConnection connection, List<CommitMember> group)
    {
        var isTagged = _tags.Has(connection, group[0].ConnectionTag);
        if (!isTagged)
            batch.Add(ConnectionTags.Set, group[0].ConnectionTag);
        return isTagged;
    }

    private static async Task RollbackAsync(NpgsqlConnection connection)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("ROLLBACK");
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
