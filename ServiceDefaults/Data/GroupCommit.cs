using System.Diagnostics;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Commits several callers' units of work in one transaction: a round trip, two when they ask something first, one wait for the disk, one statement for
/// all their answers and one for all their audit entries. While a group is on its way the next one collects; a lone call waits for nobody. A group that
/// fails has had no effect, and each of it then goes alone, so that whoever is to blame bears it alone. Only calls with the same connection tag share
/// a group: whose work a connection does stays visible. docs/decisions/0006.
/// </summary>
public sealed class GroupCommit(TieredPool pool, ConnectionTags tags, PoolSettings settings)
{
    // A transaction of about a millisecond; what lies beyond takes the next one.
    private const int MaximumGroup = 32;

    // So many go out at once even if few are waiting …
    private const int EagerFlights = 2;

    // … and one more for each time that so many are waiting: where the disk is slow, that is soon.
    private const int WaitingForAnotherFlight = 8;

    // Whoever must wait longer for a row does so alone, and holds up nobody who has nothing to do with it.
    private const string LockTimeout = "SELECT set_config('lock_timeout', '100ms', true)";

    private readonly Dictionary<(PoolTier Tier, bool Asks), GroupLine> _lines =
        Enum.GetValues<PoolTier>().SelectMany(t => new[] { (t, false), (t, true) }).ToDictionary(k => k, k => new GroupLine(k.Item1));

    /// <summary>True when the unit is committed; false when it has had no effect and must be tried alone. Throws what the pool or the connection says.</summary>
    internal Task<bool> CommitAsync(PoolTier tier, GroupMember member)
    {
        pool.StartWaiting(tier);
        var line = _lines[(tier, member.Question is not null)];
        lock (line)
        {
            line.Waiting.AddLast(member);
            if (line.Flights >= EagerFlights && (line.Waiting.Count < WaitingForAnotherFlight || line.Flights >= settings.LimitOf(tier)))
                return member.Committed;
            line.Flights++;
        }
        Start(line);
        return member.Committed;
    }

    private void Start(GroupLine line)
    {
        // What it does is for many callers: the first one's trace must not go along.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(() => FlyAsync(line));
    }

    private async Task FlyAsync(GroupLine line)
    {
        List<GroupMember> group = [];
        try
        {
            await using var rented = await pool.RentAsync(line.Tier, CancellationToken.None);
            while ((group = Next(line)).Count > 0)
                await CommitAsync(rented.Connection, group);
        }
        // The connection broke, or there was none. Who was on it learns that; who waits has nothing to do with the first, and all with the second.
        catch (Exception e)
        {
            group.ForEach(m => m.Fail(e));
            End(line, isConnected: group.Count > 0, e);
        }
    }

    private async Task CommitAsync(NpgsqlConnection connection, List<GroupMember> group)
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
    private async Task<List<(GroupMember Member, Additions Additions)>> AskAsync(NpgsqlConnection connection, List<GroupMember> group)
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
        var ready = new List<(GroupMember, Additions)>(group.Count);
        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        // Of the tag, when it is sent, and of the timeout.
        for (var skipped = isTagged ? 1 : 0; skipped < 2; skipped++)
            await reader.NextResultAsync();
        foreach (var member in group)
        {
            if (await reader.ReadAsync() && member.Additions(reader) is { } additions)
                ready.Add((member, additions));
            else
                member.GoAlone();
            await reader.NextResultAsync();
        }
        return ready;
    }

    private async Task WriteAsync(NpgsqlConnection connection, List<(GroupMember Member, Additions Additions)> ready, bool hasBegun)
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
        using var span = StartSpan(ready);
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
        if (!isTagged || hasBegun && ready.Count > 0)
            tags.Remember(connection, ready[0].Member.ConnectionTag);
    }

    private bool AddTag(NpgsqlBatch batch, NpgsqlConnection connection, List<GroupMember> group)
    {
        var isTagged = tags.Has(connection, group[0].ConnectionTag);
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

    private List<GroupMember> Next(GroupLine line)
    {
        lock (line)
        {
            var group = line.Take(MaximumGroup, () => pool.StopWaiting(line.Tier));
            if (group.Count == 0)
                line.Flights--;
            return group;
        }
    }

    // Those that wait would wait for ever if this was the only flight.
    private void End(GroupLine line, bool isConnected, Exception e)
    {
        lock (line)
        {
            line.Flights--;
            if (line.Flights > 0 || line.Waiting.Count == 0)
                return;
            if (!isConnected)
            {
                foreach (var waiting in line.Waiting)
                {
                    pool.StopWaiting(line.Tier);
                    waiting.Fail(e);
                }
                line.Waiting.Clear();
                return;
            }
            line.Flights++;
        }
        Start(line);
    }

    // Of no caller's trace, since it is of many: linked to each, as the conventions of OpenTelemetry want it for batches.
    private static Activity? StartSpan(List<(GroupMember Member, Additions)> group) => !Telemetry.Source.HasListeners() ? null
        : Telemetry.Source.StartActivity("group commit", ActivityKind.Client, default(ActivityContext), links: group.Select(m => new ActivityLink(m.Member.Trace)));
}
