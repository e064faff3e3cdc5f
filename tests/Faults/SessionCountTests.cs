using System.Globalization;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Session.V1;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Faults;

/// <summary>Many sessions, several callers each, two instances, and things that die: every count agrees with every other.</summary>
[Collection(FaultCollection.Name)]
public sealed class SessionCountTests(FaultCluster faults, ITestOutputHelper output)
{
    private const int Sessions = 50;
    private const int CallersEach = 4;
    private const int MoreKills = 5;
    private const string Agent = "counting";
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(2);
    private int _refused;

    [Fact]
    public async Task Events_counters_and_acknowledged_calls_agree_although_redis_and_an_instance_die()
    {
        var cluster = faults.Cluster;
        var clients = Enumerable.Range(0, 8).Select(_ => faults.Sessions(Agent)).ToList();
        var ids = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(async i =>
            (await Patience.UntilAnsweredAsync(async o => await clients[i % clients.Count].CreateSessionAsync(new CreateSessionRequest { Role = "finance" }, o), $"create-{i}", _ => { }, CancellationToken.None)).Session.Id));
        using var stop = new CancellationTokenSource();
        using var giveUp = new CancellationTokenSource(GiveUpAfter);
        var tallies = ids.Select((id, i) => Enumerable.Range(0, CallersEach)
            .Select(caller => WorkAsync(clients[(i + caller) % clients.Count], id, caller, stop.Token, giveUp.Token)).ToList()).ToList();

        var answeredBefore = await AnsweredAsync();
        foreach (var fault in new Func<Task>[] { cluster.Redis.KillAsync, cluster.Redis.StartAsync, cluster.FlushRedisAsync, cluster.Sessions[0].Process.KillAsync, cluster.Sessions[0].StartAsync })
        {
            await fault();
            // Work goes on after each of them, on whatever is left.
            var atFault = await AnsweredAsync();
            await Eventually.TrueAsync(async () => await AnsweredAsync() > atFault + Sessions, "work goes on");
        }
        // A kill can fall into a moment in which the gateway sent nothing there.
        for (var i = 0; i < MoreKills && Volatile.Read(ref _refused) == 0; i++)
        {
            await cluster.IsHealthyAsync();
            await cluster.Sessions[0].Process.KillAsync();
            await cluster.Sessions[0].StartAsync();
        }
        await stop.CancelAsync();
        var acknowledged = await Task.WhenAll(tallies.Select(async callers => await Task.WhenAll(callers)));
        await cluster.IsHealthyAsync();

        output.WriteLine($"{acknowledged.SelectMany(c => c).Sum(c => c.Events)} events, {acknowledged.SelectMany(c => c).Sum(c => c.Updates)} updates, {_refused} attempts in vain");
        Assert.True(await AnsweredAsync() > answeredBefore);
        Assert.True(_refused > 0, "Nobody noticed that anything was wrong; then this shows nothing.");
        foreach (var (id, callers) in ids.Zip(acknowledged))
        {
            var context = (await clients[0].GetContextAsync(new GetContextRequest { SessionId = id })).Context;
            var (events, updates) = (callers.Sum(c => c.Events), callers.Sum(c => c.Updates));
            Assert.Equal((events, updates, updates), (context.Counters["events"], context.Counters.GetValueOrDefault("updates"), context.Version));
            Assert.Equal(events, (await clients[0].GetSessionAsync(new GetSessionRequest { Id = id })).Session.LastSequence);
            var kept = await faults.SqlAsync<string>("SELECT sequence || ' ' || message FROM session.events WHERE session_id = $1 ORDER BY sequence", Guid.Parse(id));
            Assert.Equal(Enumerable.Range(1, (int)events).Select(i => i.ToString(CultureInfo.InvariantCulture)), kept.Select(k => k.Split(' ')[0]));
            // What each caller was told of is there once, in its order.
            for (var caller = 0; caller < CallersEach; caller++)
                Assert.Equal(Enumerable.Range(0, callers[caller].Events).Select(n => $"{caller}/{n}"), kept.Select(k => k.Split(' ')[1]).Where(m => m.StartsWith($"{caller}/", StringComparison.Ordinal)));
        }
        Assert.Equal(Sessions + acknowledged.SelectMany(c => c).Sum(c => c.Calls), await faults.AuditedAsync(Agent));
    }

    // Appends and counts by turns, one call at a time, each until it is answered.
    private async Task<Tally> WorkAsync(Client client, string id, int caller, CancellationToken stop, CancellationToken giveUp)
    {
        var tally = new Tally();
        for (; !stop.IsCancellationRequested; tally.Calls++)
        {
            var key = $"{id}/{caller}/{tally.Calls}";
            if (tally.Calls % 2 == 0)
            {
                var request = new AppendEventsRequest { SessionId = id };
                for (var i = 0; i <= tally.Calls % 3; i++)
                    request.Events.Add(new SessionEvent { Type = "message.sent", Message = $"{caller}/{tally.Events + i}" });
                await Patience.UntilAnsweredAsync(async o => await client.AppendEventsAsync(request, o), key, _ => Interlocked.Increment(ref _refused), giveUp);
                tally.Events += request.Events.Count;
            }
            else
            {
                var request = new UpdateContextRequest { SessionId = id, Increments = { ["updates"] = 1 } };
                await Patience.UntilAnsweredAsync(async o => await client.UpdateContextAsync(request, o), key, _ => Interlocked.Increment(ref _refused), giveUp);
                tally.Updates++;
            }
        }
        return tally;
    }

    private async Task<long> AnsweredAsync() => (await faults.SqlAsync<long>("SELECT count(*) FROM session.idempotency WHERE caller = $1", Cluster.SubjectOf(Agent))).Single();

    /// <summary>What one caller was answered.</summary>
    private sealed class Tally
    {
        public int Calls { get; set; }

        public int Events { get; set; }

        public int Updates { get; set; }
    }
}
