using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Tests.Faults;

[Collection(FaultCollection.Name)]
public sealed class PostgresRestartTests(FaultCluster faults)
{
    private const string Agent = "patient";

    [Fact]
    public async Task Without_postgres_calls_are_refused_and_with_it_again_they_work_without_a_restart_of_ours()
    {
        var cluster = faults.Cluster;
        var processes = cluster.Sessions.Select(s => s.Process.Id).ToList();
        var client = faults.Sessions(Agent);
        var done = 0;
        for (; done < 20; done++)
            await CreateAsync(client, key: null);
        var session = (await client.ListSessionsAsync(new ListSessionsRequest())).Sessions[0];

        await cluster.Postgres.KillAsync();
        var unknown = 0;
        // More than there are connections of old, so that each of them is met.
        for (var i = 0; i < 20; i++)
        {
            var withKey = Refusal.From(await Assert.ThrowsAsync<RpcException>(() => CreateAsync(client, $"during-{i}")));
            Assert.Equal(StatusCode.Unavailable, withKey.Code);
            var withoutKey = Refusal.From(await Assert.ThrowsAsync<RpcException>(() => CreateAsync(client, key: null)));
            Assert.True((withoutKey.Code, withoutKey.Reason) is (StatusCode.Unavailable, "DEPENDENCY_UNAVAILABLE") or (StatusCode.Aborted, "OUTCOME_UNKNOWN"), $"{withoutKey}");
            unknown += withoutKey.Code == StatusCode.Aborted ? 1 : 0;
            var read = Refusal.From(await Assert.ThrowsAsync<RpcException>(async () => await client.GetSessionAsync(new GetSessionRequest { Id = session.Id })));
            Assert.Equal(StatusCode.Unavailable, read.Code);
        }
        await Eventually.TrueAsync(async () => await cluster.Sessions[0].HealthAsync() == 503, "the service says that it cannot serve");

        await cluster.StartPostgresAsync();
        await cluster.IsHealthyAsync();
        // A key that was refused is free: the first of them goes through now, and it does so once.
        var first = await CreateAsync(client, "during-0");
        Assert.Equal(first, await CreateAsync(client, "during-0"));
        done++;
        for (var i = 0; i < 20; i++, done++)
            await CreateAsync(client, key: null);

        Assert.Equal(processes, cluster.Sessions.Select(s => s.Process.Id));
        // Whoever was told "unknown" may have been lucky; whoever was refused was not.
        Assert.InRange(await faults.CountAsync(Agent), done, done + unknown);
        Assert.Equal(await faults.CountAsync(Agent), await faults.AuditedAsync(Agent));
    }

    private static async Task<Session> CreateAsync(SessionService.SessionServiceClient client, string? key)
    {
        var headers = new Metadata();
        if (key is not null)
            headers.Add(Patience.KeyHeader, key);
        return (await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" }, headers)).Session;
    }
}
