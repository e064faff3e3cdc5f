using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>
/// Lets streams in, all that come at the same time in one transaction: when a whole fleet comes back at once, a thousand of them cost Postgres little more than one.
/// From then on the stream before gets nothing: it may be half dead, and what it took would be lost for a while.
/// </summary>
public sealed class Arrivals
{
    private const int AtOnce = 500;

    private readonly Database _database;
    private readonly AgentStore _agents;
    private readonly Together<(string AgentId, long Epoch), Arrival?> _together;

    public Arrivals(Database database, AgentStore agents) => (_database, _agents, _together) = (database, agents, new(AtOnce, AdmitAsync));

    /// <summary>
    /// Makes a stream its agent's only one; null when the agent is unknown, at another epoch, or may not live. One that has ended before it was its turn is none: its agent may have
    /// come to another instance since, and that stream is to live.
    /// </summary>
    public Task<Arrival?> ArriveAsync(string agentId, long epoch, CancellationToken stop) => _together.AskAsync((agentId, epoch), stop);

    private async Task<IReadOnlyList<Arrival?>> AdmitAsync(IReadOnlyList<(string AgentId, long Epoch)> streams)
    {
        try
        {
            await using var work = await _database.BeginAsync(CancellationToken.None);
            var arrived = (await _agents.ConnectAsync(work, [.. streams.Select(s => s.AgentId)], [.. streams.Select(s => s.Epoch)])).ToDictionary(a => a.Agent.Id);
            // There may be a stream before, here or at another instance, that is to end.
            foreach (var arrival in arrived.Values.Where(a => a.Link > 1))
                work.Wake(AgentTaskRules.TopicOfQueue(AgentTaskRules.QueueOf(arrival.Agent.Id)));
            await work.CommitAsync();
            return Answers(streams, arrived);
        }
        catch (NpgsqlException e) { throw Errors.Unavailable("The database", e); }
    }

    // Of two streams of one agent the later one is the agent's; the other one has a number that is none, and learns at its first look that it was replaced.
    private static Arrival?[] Answers(IReadOnlyList<(string AgentId, long Epoch)> streams, Dictionary<string, Arrival> arrived)
    {
        var answers = new Arrival?[streams.Count];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = streams.Count - 1; i >= 0; i--)
            if (arrived.TryGetValue(streams[i].AgentId, out var arrival) && arrival.Agent.Epoch == streams[i].Epoch)
                answers[i] = seen.Add(streams[i].AgentId) ? arrival : arrival with { Link = arrival.Link - 1, HoldsTasks = false };
        return answers;
    }
}
