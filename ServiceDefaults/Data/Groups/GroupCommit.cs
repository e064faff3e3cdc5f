using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Commits several callers' units of work in one transaction: a round trip, two when they ask something first, one wait for the disk, one statement for
/// all their answers and one for all their audit entries. A group that fails has had no effect, and each of it then goes alone, so that whoever is to blame
/// bears it alone. docs/decisions/0006.
/// </summary>
public sealed class GroupCommit
{
    // A transaction of about a millisecond; where the disk is slow, sixteen are waiting soon. A large group costs little more than a small one.
    private static readonly FlightLimits Limits = new(Group: 32, Eager: 1, WaitingForAnother: 16);

    // Whoever must wait longer for a row does so alone, and holds up nobody who has nothing to do with it. And rows are found by their keys, one after the other, whatever
    // Postgres thinks of the table: it may have planned the statement when there was hardly a row, and would plan it anew for each size of a group.
    private const string Settings = """
        SELECT set_config('lock_timeout', '50ms', true), set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
               set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)
        """;

    private readonly ConnectionTags _tags;
    private readonly GroupTrust _trust;
    private readonly GroupMetrics _metrics;
    private readonly GroupFlights<CommitMember> _adding;
    private readonly GroupFlights<CommitMember> _asking;

    public GroupCommit(TieredPool pool, ConnectionTags tags, PoolSettings settings, GroupMetrics metrics, TimeProvider clock)
    {
        (_tags, _trust, _metrics) = (tags, new GroupTrust(clock), metrics);
        _adding = new(pool, settings, Limits, CommitAsync, () => _trust.Guard(_ => true));
        _asking = new(pool, settings, Limits, CommitAsync, () => _trust.Guard(OneOfEachSubject()));
    }

    /// <summary>What this caller's unit wrote was refused alone, after its group was.</summary>
    internal void Refused(string connectionTag) => _trust.Withdraw(connectionTag);

    /// <summary>True when the unit is committed; false when it has had no effect and must be tried alone. Throws what the pool or the connection says.</summary>
    internal Task<bool> CommitAsync(PoolTier tier, CommitMember member) => (member.Question is null ? _adding : _asking).JoinAsync(tier, member);

    // Of two about the same thing the second would not see what the first writes.
    private static Func<CommitMember, bool> OneOfEachSubject()
    {
        var subjects = new HashSet<Guid>();
        GroupQuestion? first = null;
        return member => (first ??= member.Question!).Suits(member.Question!) && subjects.Add(member.Question!.Subject);
    }

    private async Task CommitAsync(NpgsqlConnection connection, List<CommitMember> group)
    {
        var (hasBegun, tag) = (group[0].Question is not null, ConnectionTags.Of(group));
        List<(CommitMember Member, Additions Additions)> ready = [];
        try
        {
            ready = hasBegun ? await AskAsync(connection, group, tag) : group.ConvertAll(m => (m, m.Additions(null)!));
            await WriteAsync(connection, ready, hasBegun, tag);
            _tags.Remember(connection, tag);
            ready.ForEach(r => r.Member.Succeed());
        }
        // Something of it was refused, and so all.
        catch (PostgresException e) when (!Database.IsConnectionLost(e))
        {
            _metrics.CommitRefused(e);
            if (hasBegun)
                await RollbackAsync(connection);
            // Who repeats a call finds its answer alone; the others go again without him.
            var repeats = IdempotencySql.IsTaken(e) ? await FindRepeatsAsync(connection, ready) : [];
            var others = repeats.Count == 0 ? [] : ready.ConvertAll(r => r.Member).FindAll(m => !repeats.Contains(m));
            group.Except(others).ToList().ForEach(m => m.GoAlone());
            if (others.Count > 0)
                await CommitAsync(connection, others);
        }
    }

    private static async Task<HashSet<CommitMember>> FindRepeatsAsync(NpgsqlConnection connection, List<(CommitMember Member, Additions Additions)> group)
    {
        var keyed = group.FindAll(r => r.Additions.Answer is not null);
        var calls = keyed.ConvertAll(r => r.Additions.Answer!.Call);
        await using var batch = connection.CreateBatch();
        batch.Add(IdempotencySql.FindTaken, calls.Select(c => c.Caller).ToArray(), calls.Select(c => c.Method).ToArray(), calls.Select(c => c.Key).ToArray());
        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        var repeats = new HashSet<CommitMember>();
        while (await reader.ReadAsync())
            repeats.Add(keyed[(int)reader.GetInt64(0) - 1].Member);
        return repeats;
    }

    // Asks all questions in one round trip; who finds nothing, or refuses what it finds, leaves the group.
    private async Task<List<(CommitMember Member, Additions Additions)>> AskAsync(NpgsqlConnection connection, List<CommitMember> group, string tag)
    {
        group.Sort((a, b) => a.Question!.Subject.CompareTo(b.Question!.Subject));
        await using var batch = connection.CreateBatch();
        batch.Add("BEGIN");
        var isTagged = _tags.AddTo(batch, connection, tag);
        batch.Add(Settings);
        var statements = new List<MergedStatement>();
        foreach (var member in group)
            MergedStatement.Add(statements, [.. member.Question!.Before, member.Question.Ask])!.Askers.Add(member);
        foreach (var statement in statements)
            statement.AddTo(batch);
        var ready = new List<(CommitMember, Additions)>(group.Count);
        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        // Of the tag, when it is sent, and of the settings.
        for (var skipped = isTagged ? 1 : 0; skipped < 2; skipped++)
            await reader.NextResultAsync();
        foreach (var statement in statements)
        {
            if (statement.Askers.Count > 0)
                await ReadAsync(reader, statement.Askers, ready);
            if (statement.Askers.Count > 0 || statement.IsLock)
                await reader.NextResultAsync();
        }
        return ready;
    }

    private static async Task ReadAsync(NpgsqlDataReader reader, List<CommitMember> askers, List<(CommitMember, Additions)> ready)
    {
        var left = askers.ToDictionary(a => a.Question!.Subject);
        while (await reader.ReadAsync())
        {
            // A statement that is not of columns has one asker, and may begin with anything.
            var asker = askers.Count == 1 ? askers[0] : left[reader.GetGuid(0)];
            if (left.Remove(asker.Question!.Subject) && asker.Additions(reader) is { } additions)
                ready.Add((asker, additions));
            else
                asker.GoAlone();
        }
        foreach (var asker in left.Values)
            asker.GoAlone();
    }

    private async Task WriteAsync(NpgsqlConnection connection, List<(CommitMember Member, Additions Additions)> ready, bool hasBegun, string tag)
    {
        await using var batch = connection.CreateBatch();
        // Of the tag, when it is sent, and of the settings.
        var skipped = 0;
        if (!hasBegun)
        {
            // A batch is a transaction by itself.
            skipped = _tags.AddTo(batch, connection, tag) ? 1 : 2;
            batch.Add(Settings);
        }
        var statements = Additions.AddTo(batch, ready.ConvertAll(r => r.Additions));
        if (hasBegun)
            batch.Add("COMMIT");
        ready.ForEach(r => r.Member.GoWith(ready.Count));
        using var span = GroupMember.StartSpan("group commit", ready.Select(r => r.Member));
        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        for (; skipped > 0; skipped--)
            await reader.NextResultAsync();
        foreach (var statement in statements)
            await statement.PassAsync(reader);
        // What comes last is the commit, and how it went.
        while (await reader.NextResultAsync()) { }
    }

    private static async Task RollbackAsync(NpgsqlConnection connection)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("ROLLBACK");
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
