using System.Diagnostics;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Commits several callers' additions in one transaction: one round trip, one wait for the disk, one statement for all their answers and one for
/// all their audit entries. Additions wait for no row of each other's, so it takes nothing from anybody; while a group is on its way the next one
/// collects, and a lone call waits for nobody. A group that fails has had no effect, and each of it is then tried alone, so that whoever is to blame
/// bears it alone. Only calls with the same connection tag share a group: whose work a connection does stays visible.
/// </summary>
public sealed class GroupCommit(TieredPool pool, ConnectionTags tags, PoolSettings settings)
{
    // A transaction of about a millisecond; what lies beyond takes the next one.
    private const int MaximumGroup = 32;

    // So many go out at once even if few are waiting, so that one that hangs at a lock does not hold up the others …
    private const int EagerFlights = 2;

    // … and one more for each time that so many are waiting: where the disk is slow, that is soon.
    private const int WaitingForAnotherFlight = 8;

    private readonly Dictionary<PoolTier, Line> _lines = Enum.GetValues<PoolTier>().ToDictionary(t => t, t => new Line(t));

    /// <summary>Commits an addition, alone or with others; throws what Postgres or the pool says of it.</summary>
    internal Task CommitAsync(PoolTier tier, Addition addition)
    {
        pool.StartWaiting(tier);
        var line = _lines[tier];
        lock (line)
        {
            line.Waiting.Enqueue(addition);
            if (line.Flights >= EagerFlights && (line.Waiting.Count < WaitingForAnotherFlight || line.Flights >= settings.LimitOf(tier)))
                return addition.Committed;
            line.Flights++;
        }
        Start(line);
        return addition.Committed;
    }

    private void Start(Line line)
    {
        // What it does is for many callers: the first one's trace must not go along.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(() => FlyAsync(line));
    }

    private async Task FlyAsync(Line line)
    {
        List<Addition> group = [];
        try
        {
            await using var rented = await pool.RentAsync(line.Tier, CancellationToken.None);
            while ((group = Next(line)).Count > 0)
                await CommitAsync(rented.Connection, group);
        }
        // The connection broke, or there was none. Who was on it learns that; who waits has nothing to do with the first, and all with the second.
        catch (Exception e)
        {
            group.ForEach(a => a.Fail(e));
            End(line, isConnected: group.Count > 0, e);
        }
    }

    private async Task CommitAsync(NpgsqlConnection connection, List<Addition> group)
    {
        if (group.Count == 1 || !await TryTogetherAsync(connection, group))
        {
            foreach (var addition in group)
                await CommitAloneAsync(connection, addition);
        }
    }

    // False when Postgres has refused something of it, and so all.
    private async Task<bool> TryTogetherAsync(NpgsqlConnection connection, List<Addition> group)
    {
        try
        {
            group.ForEach(a => a.GoWith(group.Count));
            using var span = StartSpan(group);
            await RunAsync(connection, group[0].ConnectionTag, batch => Addition.AddTo(batch, group));
            group.ForEach(a => a.Succeed());
            return true;
        }
        catch (PostgresException e) when (!Database.IsConnectionLost(e)) { return false; }
    }

    private async Task CommitAloneAsync(NpgsqlConnection connection, Addition addition)
    {
        try
        {
            addition.GoWith(1);
            using var span = StartSpan([addition]);
            await RunAsync(connection, addition.ConnectionTag, addition.AddTo);
            addition.Succeed();
        }
        catch (PostgresException e) when (!Database.IsConnectionLost(e)) { addition.Fail(e); }
    }

    private async Task RunAsync(NpgsqlConnection connection, string tag, Action<NpgsqlBatch> add)
    {
        await using var batch = connection.CreateBatch();
        var isTagged = tags.Has(connection, tag);
        if (!isTagged)
            batch.Add(ConnectionTags.Set, tag);
        add(batch);
        // A batch is a transaction by itself.
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
        if (!isTagged)
            tags.Remember(connection, tag);
    }

    // The next ones of one tag, in the order of their coming; none ends the flight.
    private List<Addition> Next(Line line)
    {
        var group = new List<Addition>();
        lock (line)
        {
            while (group.Count < MaximumGroup && line.Waiting.TryPeek(out var next))
            {
                if (group.Count > 0 && next.ConnectionTag != group[0].ConnectionTag)
                    break;
                line.Waiting.Dequeue();
                pool.StopWaiting(line.Tier);
                if (next.IsWanted())
                    group.Add(next);
            }
            if (group.Count == 0)
                line.Flights--;
        }
        return group;
    }

    // Those that wait would wait for ever if this was the only flight.
    private void End(Line line, bool isConnected, Exception e)
    {
        lock (line)
        {
            line.Flights--;
            if (line.Flights > 0 || line.Waiting.Count == 0)
                return;
            if (!isConnected)
            {
                while (line.Waiting.TryDequeue(out var waiting))
                {
                    pool.StopWaiting(line.Tier);
                    waiting.Fail(e);
                }
                return;
            }
            line.Flights++;
        }
        Start(line);
    }

    // Of no caller's trace, since it is of many: linked to each, as the conventions of OpenTelemetry want it for batches.
    private static Activity? StartSpan(List<Addition> group) => !Telemetry.Source.HasListeners() ? null
        : Telemetry.Source.StartActivity("group commit", ActivityKind.Client, default(ActivityContext), links: group.Select(a => new ActivityLink(a.Trace)));

    private sealed class Line(PoolTier tier)
    {
        public PoolTier Tier => tier;

        public Queue<Addition> Waiting { get; } = [];

        /// <summary>How many connections commit for this line now, or wait to.</summary>
        public int Flights { get; set; }
    }
}
