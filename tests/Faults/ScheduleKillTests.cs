using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Net.Client;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Tests.Faults;

/// <summary>Two instances take the ticks of many schedules, and are killed in turn, and Postgres with them: each tick makes its task once.</summary>
[Collection(FaultCollection.Name)]
public sealed class ScheduleKillTests(FaultCluster faults, ITestOutputHelper output)
{
    private const int Schedules = 30;
    private const int MissedEach = 90;
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Every_tick_makes_its_task_once_although_instances_and_postgres_die()
    {
        var cluster = faults.Cluster;
        using var channel = GrpcChannel.ForAddress(cluster.Gateway.GrpcAddress);
        using var giveUp = new CancellationTokenSource(GiveUpAfter);
        var agents = new RegistryService.RegistryServiceClient(Storm.Invoker(channel, cluster.AgentToken("ticking")));
        await Patience.UntilAnsweredAsync(async o => await agents.RegisterAgentAsync(new RegisterAgentRequest { Platform = Machine.Linux, Version = "1" }, o), "ticking", _ => { }, giveUp.Token);
        var client = new ScheduleService.ScheduleServiceClient(Storm.Invoker(channel, cluster.Key.Mint("user:olga", ["operator"], null, GiveUpAfter * 2, TimeProvider.System)));
        for (var i = 0; i < Schedules; i++)
        {
            var request = new CreateScheduleRequest
            {
                Name = $"ticking-{i:00}",
                Spec = new ScheduleSpec { Cron = "* * * * *", MissedRuns = MissedRunPolicy.All, Template = new TaskTemplate { Task = new TaskSpec { Type = "test.run" }, AgentId = "ticking" } },
            };
            await Patience.UntilAnsweredAsync(async o => await client.CreateScheduleAsync(request, o), request.Name, _ => { }, giveUp.Token);
        }
        // As though nobody had been there for an hour and a half.
        await faults.SqlAsync<int>($"UPDATE registry.schedules SET next_at = date_trunc('minute', now()) - interval '{MissedEach} minutes' WHERE name LIKE 'ticking-%'");

        Func<Task>[] injuries =
        [
            cluster.Registries[0].Process.KillAsync, cluster.Registries[0].StartAsync, cluster.Registries[1].Process.KillAsync, cluster.Registries[1].StartAsync,
            cluster.Postgres.KillAsync, cluster.StartPostgresAsync,
        ];
        var (taken, between) = (0L, new List<long>());
        foreach (var injury in injuries)
        {
            // Some ticks between two of them, unless the injury is one with which none can be taken.
            if (cluster.Postgres.IsRunning)
            {
                await Eventually.TrueAsync(async () => await TakenAsync() > taken, "ticks are taken", GiveUpAfter);
                between.Add(taken = await TakenAsync());
            }
            await injury();
        }
        await Eventually.TrueAsync(async () => (await faults.SqlAsync<long>("SELECT count(*) FROM registry.schedules WHERE name LIKE 'ticking-%' AND next_at <= now()"))[0] == 0, "all ticks are taken", GiveUpAfter);
        await faults.SqlAsync<int>("UPDATE registry.schedules SET enabled = false, next_at = NULL WHERE name LIKE 'ticking-%'");

        output.WriteLine($"{await TakenAsync()} ticks; between the injuries {string.Join(", ", between)}");
        Assert.True(between[^1] < Schedules * MissedEach, "All was done before anything died; then this shows nothing.");
        // Minute by minute without a gap, each with one task of its origin.
        var broken = await faults.SqlAsync<string>("""
            SELECT s.name FROM registry.schedules s
             WHERE s.name LIKE 'ticking-%' AND NOT (
                SELECT count(*) = 1 + extract(epoch FROM max(r.tick_at) - min(r.tick_at)) / 60 AND count(*) >= $1 AND count(DISTINCT r.tick_at) = count(*)
                   AND bool_and(r.outcome = 'created' AND r.task_ids = ARRAY(SELECT t.id FROM registry.tasks t
                       WHERE t.origin = 'schedule/' || s.id || '/' || to_char(r.tick_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')))
                  FROM registry.schedule_runs r WHERE r.schedule_id = s.id)
            """, MissedEach);
        Assert.Empty(broken);
        Assert.Equal(await faults.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'ticking'"), [await TakenAsync()]);
        await cluster.IsHealthyAsync();
    }

    private async Task<long> TakenAsync() => (await faults.SqlAsync<long>(
        "SELECT count(*) FROM registry.schedule_runs r JOIN registry.schedules s ON s.id = r.schedule_id WHERE s.name LIKE 'ticking-%'")).Single();
}
