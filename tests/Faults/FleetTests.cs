using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Net.Client;

namespace AgentPlatform.Tests.Faults;

/// <summary>Flaky agents, two instances of Registry, and everything dies in turn: each task ends once, in its agent's order, and no agent that lives is taken for dead.</summary>
[Collection(FaultCollection.Name)]
public sealed class FleetTests(FaultCluster faults, ITestOutputHelper output)
{
    private const int Agents = 20;
    private const int TasksEach = 40;
    private const int BatchTasks = 10;
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Every_task_ends_once_and_in_order_although_services_redis_and_postgres_die()
    {
        var cluster = faults.Cluster;
        using var channel = GrpcChannel.ForAddress(cluster.Gateway.GrpcAddress);
        using var giveUp = new CancellationTokenSource(GiveUpAfter);
        using var stop = new CancellationTokenSource();
        var agents = Enumerable.Range(0, Agents).Select(i => new FleetAgent($"fleet-{i:00}", Storm.Invoker(channel, cluster.AgentToken($"fleet-{i:00}")), i)).ToList();
        foreach (var agent in agents)
            await agent.RegisterAsync(giveUp.Token);
        var running = agents.Select(a => a.RunAsync(stop.Token)).ToList();
        var tasks = new AgentTaskService.AgentTaskServiceClient(Storm.Invoker(channel, cluster.Key.Mint("user:olga", ["operator"], null, GiveUpAfter * 2, TimeProvider.System)));
        var making = Task.WhenAll(agents.Select(a => MakeAsync(tasks, a.Id, giveUp.Token)));

        Func<Task>[] injuries =
        [
            cluster.Registries[0].Process.KillAsync, cluster.Registries[0].StartAsync, cluster.FlushRedisAsync, cluster.Redis.KillAsync, cluster.Registries[1].Process.KillAsync,
            cluster.Redis.StartAsync, cluster.Registries[1].StartAsync, cluster.Postgres.KillAsync, cluster.StartPostgresAsync,
        ];
        foreach (var injury in injuries)
        {
            await injury();
            // Some work between two of them, unless the injury is one with which none can be done.
            var done = agents.Sum(a => a.Acknowledged.Count);
            if (cluster.Postgres.IsRunning)
                await Eventually.TrueAsync(() => Task.FromResult(agents.Sum(a => a.Acknowledged.Count) > Math.Min(done + Agents, Agents * TasksEach - 1)), "work goes on", GiveUpAfter);
        }
        var made = (await making).SelectMany(ids => ids).ToList();
        await Eventually.TrueAsync(async () => await OpenAsync() == 0 && agents.Sum(a => a.Acknowledged.Count) == made.Count, "all tasks end and are acknowledged", GiveUpAfter);
        await stop.CancelAsync();
        await Task.WhenAll(running);

        output.WriteLine($"{made.Count} tasks, {agents.Sum(a => a.Broken)} streams broken");
        Assert.True(agents.Sum(a => a.Broken) > 0, "Nobody noticed that anything was wrong; then this shows nothing.");
        Assert.Empty(agents.SelectMany(a => a.Refusals));
        var kept = await faults.SqlAsync<string>("SELECT id || ' ' || (result->>'by') FROM registry.tasks WHERE agent_id LIKE 'fleet-%' AND status = 'completed' ORDER BY 1");
        Assert.Equal(agents.SelectMany(a => a.Acknowledged).Select(d => $"{d.Key} {d.Value}").Order(StringComparer.Ordinal), kept.Order(StringComparer.Ordinal));
        Assert.Equal(made.Order(StringComparer.Ordinal), kept.Select(k => k.Split(' ')[0]).Order(StringComparer.Ordinal));
        foreach (var (agent, ids) in agents.Zip(await making))
            Assert.Equal(ids, agent.Seen);
        Assert.Equal([0L], await faults.SqlAsync<long>("SELECT count(*) FROM registry.agent_events WHERE agent_id LIKE 'fleet-%' AND kind = 'offline'"));
    }

    private static async Task<List<string>> MakeAsync(AgentTaskService.AgentTaskServiceClient client, string agentId, CancellationToken giveUp)
    {
        var ids = new List<string>();
        for (var batch = 0; batch < TasksEach / BatchTasks; batch++)
        {
            var request = new CreateTasksRequest();
            for (var i = 0; i < BatchTasks; i++)
                request.Tasks.Add(new CreateTaskRequest { AgentId = agentId, Task = new TaskSpec { Type = "test.run", MaxAttempts = 100 } });
            ids.AddRange((await Patience.UntilAnsweredAsync(async o => await client.CreateTasksAsync(request, o), $"make-{agentId}-{batch}", _ => { }, giveUp)).Ids);
            await Task.Delay(TimeSpan.FromSeconds(1), giveUp);
        }
        return ids;
    }

    private async Task<long> OpenAsync() => (await faults.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id LIKE 'fleet-%' AND ended_at IS NULL")).Single();
}
