using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Faults;

/// <summary>Fifty callers send one call under one key to two instances, and something dies meanwhile.</summary>
[Collection(FaultCollection.Name)]
public sealed class OneKeyTests(FaultCluster faults)
{
    private const int Callers = 50;
    private static readonly CreateSessionRequest Request = new() { Role = "finance", Task = "Once, however often it is asked for" };
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Fifty_callers_get_one_answer_from_two_instances()
    {
        var answers = await Task.WhenAll(Spread("all-well", Callers));
        await HasOneEffectAsync("all-well", answers);
    }

    [Fact]
    public async Task Fifty_callers_get_one_answer_although_redis_is_killed_midway()
    {
        var early = Spread("redis-dies", Callers / 2);
        await Task.WhenAny(early);
        await faults.Cluster.Redis.KillAsync();
        try
        {
            var late = Spread("redis-dies", Callers / 2);
            await HasOneEffectAsync("redis-dies", await Task.WhenAll([.. early, .. late]));
        }
        finally { await faults.Cluster.Redis.StartAsync(); }
        await faults.Cluster.IsHealthyAsync();
    }

    [Fact]
    public async Task Fifty_callers_get_one_answer_although_the_serving_process_is_killed_between_commit_and_answer()
    {
        const string Agent = "server-dies";
        await using var line = new HeldLine(faults.Cluster.PostgresPort);
        var doomed = faults.Cluster.Sessions[0];
        await RestartAsync(doomed, line.Port);
        try
        {
            var direct = faults.Sessions(Agent, doomed);
            var warmUp = faults.Sessions("warm-up", doomed);
            var throughGateway = faults.Sessions(Agent);
            var (attempts, committed) = (0, Array.Empty<Guid>());
            Task<CreateSessionResponse> first;
            do
            {
                attempts++;
                // Connections to Postgres that stand already: a new one could not be made while the line is held.
                await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OnceAsync(warmUp, $"{Guid.NewGuid()}")));
                line.Hold();
                first = OnceAsync(direct, "key");
                while (committed.Length == 0 && !first.IsCompleted)
                    committed = [.. await faults.SqlAsync<Guid>("SELECT id FROM session.sessions WHERE agent_id = $1", Agent)];
                if (committed.Length == 0)
                    line.Release();
            }
            while (committed.Length == 0);
            Assert.False(first.IsCompleted, $"The answer got past the line, at attempt {attempts}.");

            // It is in the database, and nobody has been told. These meet the doomed process, too.
            var others = Enumerable.Range(1, Callers - 1).Select(_ => PatientlyAsync(throughGateway)).ToList();
            await doomed.Process.KillAsync();
            var refusal = Refusal.From(await Assert.ThrowsAsync<RpcException>(() => first));
            Assert.Equal(StatusCode.Unavailable, refusal.Code);

            var answers = await Task.WhenAll([.. others, PatientlyAsync(throughGateway)]);
            Assert.Equal($"{committed.Single()}", answers[0].Id);
            await HasOneEffectAsync(Agent, answers);
        }
        finally
        {
            line.Release();
            await RestartAsync(doomed, faults.Cluster.PostgresPort);
        }
        await faults.Cluster.IsHealthyAsync();
    }

    // Half of them ask each instance.
    private List<Task<Session>> Spread(string agent, int callers)
    {
        var instances = faults.Cluster.Sessions.Select(s => faults.Sessions(agent, s)).ToList();
        return [.. Enumerable.Range(0, callers).Select(i => PatientlyAsync(instances[i % instances.Count]))];
    }

    private static async Task<Session> PatientlyAsync(Client client)
    {
        using var giveUp = new CancellationTokenSource(GiveUpAfter);
        return (await Patience.UntilAnsweredAsync(async options => await client.CreateSessionAsync(Request, options), "key", _ => { }, giveUp.Token)).Session;
    }

    private static async Task<CreateSessionResponse> OnceAsync(Client client, string key) =>
        await client.CreateSessionAsync(Request, new Metadata { { Patience.KeyHeader, key } });

    private async Task RestartAsync(ServiceProcess service, int postgresPort)
    {
        if (service.Process.IsRunning)
            await service.Process.KillAsync();
        service.Settings["ConnectionStrings__agentplatform"] = faults.Cluster.ConnectionOf("session", postgresPort);
        await service.StartAsync();
        await service.IsHealthyAsync();
    }

    private async Task HasOneEffectAsync(string agent, IReadOnlyCollection<Session> answers)
    {
        Assert.Equal(Callers, answers.Count);
        Assert.Single(answers.Distinct());
        Assert.Equal(1, await faults.CountAsync(agent));
        Assert.Equal(1, await faults.AuditedAsync(agent));
    }
}
