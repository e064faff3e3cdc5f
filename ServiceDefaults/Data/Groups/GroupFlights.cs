using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Lets calls of one kind and tier share connections and messages: while a group is on its way the next one collects; a lone call waits for nobody.
/// docs/decisions/0006.
/// </summary>
/// <param name="pool">Where connections come from.</param>
/// <param name="settings">How many a tier has.</param>
/// <param name="limits">How many go at once.</param>
/// <param name="run">Does a group's work on a connection, and tells each of it the end. What it throws is told to all of the group, and ends the flight.</param>
/// <param name="newAdmission">For each group: whether a member may join those that were admitted before.</param>
internal sealed class GroupFlights<TMember>(
    TieredPool pool, PoolSettings settings, FlightLimits limits, Func<NpgsqlConnection, List<TMember>, Task> run, Func<Func<TMember, bool>> newAdmission)
    where TMember : GroupMember
{
    // Many times what a group takes. One that is held up longer, as by a table that somebody has locked, is nothing that others need wait for.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    // What a group takes, about: so long at most the next one waits for those who have just landed.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly Dictionary<PoolTier, GroupLine<TMember>> _lines = Enum.GetValues<PoolTier>().ToDictionary(t => t, t => new GroupLine<TMember>(t));

    /// <summary>True when it is done; false when it has had no effect and must be tried alone. Throws what the pool or the connection says.</summary>
    public Task<bool> JoinAsync(PoolTier tier, TMember member)
    {
        pool.StartWaiting(tier);
        var line = _lines[tier];
        lock (line)
        {
            line.Waiting.AddLast(member);
            if (line.Flights < limits.Eager || !line.IsCollecting && line.Waiting.Count >= limits.WaitingForAnother && line.Flights < settings.LimitOf(tier))
                Launch(line);
            else
                Watch(line);
            line.StopCollectingIfEnough();
        }
        return member.Done;
    }

    // Under the line's lock.
    private void Launch(GroupLine<TMember> line)
    {
        line.Flights++;
        line.Boarding++;
        Start(() => FlyAsync(line));
    }

    private static void Start(Func<Task> work)
    {
        // What it does is for many callers: the first one's trace must not go along.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(work);
    }

    private void Watch(GroupLine<TMember> line)
    {
        if (line.IsWatched)
            return;
        line.IsWatched = true;
        Start(() => WatchAsync(line));
    }

    // As long as somebody waits: when no group has gone for a while, one more goes beside those that are held up. Where they are because there is no connection, another one would
    // only stand in the same line.
    private async Task WatchAsync(GroupLine<TMember> line)
    {
        var seen = -1L;
        while (true)
        {
            lock (line)
            {
                if (line.Waiting.Count == 0)
                {
                    line.IsWatched = false;
                    return;
                }
                if (line.Departures == seen && line.Boarding == 0 && line.Flights < settings.LimitOf(line.Tier))
                    Launch(line);
                seen = line.Departures;
            }
            // By the machine's own clock: it is the server that takes its time.
            await Task.Delay(Patience, TimeProvider.System);
        }
    }

    private async Task FlyAsync(GroupLine<TMember> line)
    {
        List<TMember> group = [];
        var isConnected = false;
        try
        {
            await using var rented = await pool.RentAsync(line.Tier, CancellationToken.None);
            isConnected = true;
            lock (line)
                line.Boarding--;
            while ((group = await NextAsync(line, group.Count)).Count > 0)
                await run(rented.Connection, group);
        }
        // The connection broke, or there was none. Who was on it learns that; who waits has nothing to do with the first, and all with the second.
        catch (Exception e)
        {
            group.ForEach(m => m.Fail(e));
            // Unless it had landed, and only its connection could not be given back.
            if (!isConnected || group.Count > 0)
                End(line, isConnected, e);
        }
    }

    // Many of those who have just landed call again at once. Were the first of them to go alone, the others would wait for a transaction of one, gather, land together, and so on.
    private async ValueTask<List<TMember>> NextAsync(GroupLine<TMember> line, int landed)
    {
        Task? collecting;
        lock (line)
            collecting = line.TryCollect(landed);
        if (collecting is not null)
        {
            await collecting.WaitAsync(Moment).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (line)
                line.StopCollecting(collecting);
        }
        return Next(line);
    }

    private List<TMember> Next(GroupLine<TMember> line)
    {
        lock (line)
        {
            var group = line.Take(limits.Group, newAdmission(), () => pool.StopWaiting(line.Tier));
            if (group.Count == 0)
                line.Flights--;
            return group;
        }
    }

    // Those that wait would wait for ever if this was the only flight.
    private void End(GroupLine<TMember> line, bool isConnected, Exception e)
    {
        lock (line)
        {
            line.Flights--;
            line.Boarding -= isConnected ? 0 : 1;
            if (line.Flights > 0 || line.Waiting.Count == 0)
                return;
            if (isConnected)
            {
                Launch(line);
                return;
            }
            foreach (var waiting in line.Waiting)
            {
                pool.StopWaiting(line.Tier);
                waiting.Fail(e);
            }
            line.Waiting.Clear();
        }
    }
}
