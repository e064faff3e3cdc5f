using AgentPlatform.Bench.Chaos;

namespace AgentPlatform.Tests.Faults;

[Collection(FaultCollection.Name)]
public sealed class StormTests(FaultCluster faults, ITestOutputHelper output)
{
    // Of this seed the first faults are those that hurt most: Postgres, Redis and a serving instance die.
    private const int Seed = 58_715;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Nothing_is_lost_or_done_twice_while_services_redis_and_postgres_die()
    {
        var cluster = faults.Cluster;
        output.WriteLine($"seed {Seed}; longer: dotnet run -c Release --project bench -- chaos --seconds 60 --seed {Seed}");
        var run = await ChaosRun.RunAsync(cluster, Duration, Seed, output.WriteLine);

        Assert.True(run.IsWell, string.Join('\n', run.Results.SelectMany(r => r.Differences.Take(10).Prepend($"{r.Name}:"))));
        Assert.NotEmpty(run.Ledger.Changes);
        Assert.True(run.Faults > 0);
        await cluster.IsHealthyAsync();
        await ShowTheCheckWhatIsWrongAsync(run);
    }

    // A check that finds nothing may have looked at nothing, so it is shown what it must find.
    private async Task ShowTheCheckWhatIsWrongAsync(ChaosRun run)
    {
        var agents = Storm.AgentsOf(Seed);
        await faults.SqlAsync<int>("DELETE FROM session.sessions WHERE id = (SELECT id FROM session.sessions WHERE agent_id = $1 LIMIT 1)", agents[0]);
        await faults.SqlAsync<int>("DELETE FROM registry.idempotency WHERE ctid = (SELECT ctid FROM registry.idempotency WHERE caller = $1 LIMIT 1)", Cluster.SubjectOf(agents[1]));
        await faults.SqlAsync<int>("""
            INSERT INTO audit.audit_log (event_id, shard, position, occurred_at, recorded_at, agent_id, agent_version, principal, roles, service, operation,
                resource, outcome, error_message, execution_time_ms, authorized_by, session_id, correlation_id, trace_id, source_address, metadata,
                redactions, previous_hash, hash)
            SELECT gen_random_uuid(), 63, position, occurred_at, recorded_at, agent_id, agent_version, principal, roles, service, operation,
                resource, outcome, error_message, execution_time_ms, authorized_by, session_id, correlation_id, trace_id, source_address, metadata,
                redactions, previous_hash, hash
              FROM audit.audit_log WHERE agent_id = $1 LIMIT 1
            """, agents[2]);

        var results = await Checker.RunAsync(faults.Cluster, run.Ledger, agents);
        Assert.Equal([0, 0, 1, 1, 1], results.Select(r => r.Differences.Count));
    }
}
