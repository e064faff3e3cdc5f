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
    private readonly Dictionary<PoolTier, GroupLine<TMember>> _lines = Enum.GetValues<PoolTier>().ToDictionary(t => t, t => new GroupLine<TMember>(t));

    /// <summary>True when it is done; false when it has had no effect and must be tried alone. Throws what the pool or the connection says.</summary>
    public Task<bool> JoinAsync(PoolTier tier, TMember member)
    {
        pool.StartWaiting(tier);
        var line = _lines[tier];
        lock (line)
        {
            line.Waiting.AddLast(member);
            if (line.Flights >= limits.Eager && (line.Waiting.Count < limits.WaitingForAnother || line.Flights >= settings.LimitOf(tier)))
                return member.Done;
            line.Flights++;
        }
        Start(line);
        return member.Done;
    }

    private void Start(GroupLine<TMember> line)
    {
        // What it does is for many callers: the first one's trace must not go along.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(() => FlyAsync(line));
    }

    private async Task FlyAsync(GroupLine<TMember> line)
    {
        List<TMember> group = [];
        try
        {
            await using var rented = await pool.RentAsync(line.Tier, CancellationToken.None);
            while ((group = Next(line)).Count > 0)
                await run(rented.Connection, group);
        }
        // The connection broke, or there was none. Who was on it learns that; who waits has nothing to do with the first, and all with the second.
        catch (Exception e)
        {
            group.ForEach(m => m.Fail(e));
            End(line, isConnected: group.Count > 0, e);
        }
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
}
