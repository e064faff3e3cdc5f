using System.Diagnostics.Metrics;
using AgentPlatform.Contracts.Operations.V1;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Contracts.Rpc;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OperationsClient = AgentPlatform.Contracts.Operations.V1.OperationsService.OperationsServiceClient;
using RegistryClient = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;
using SessionClient = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;
using Tier = AgentPlatform.Contracts.Operations.V1.PoolTier;

namespace AgentPlatform.Tests.Platforms;

/// <summary>
/// Floods are made of calls that change rows which the administrator has locked: each holds its connection until the
/// administrator lets go.
/// </summary>
public sealed class PoolTests : IClassFixture<Platform>
{
    private const int AgentLimit = 6;
    private const int UiLimit = 12;
    private const int PoolLimit = 20;
    private const string LockSessions = "SELECT count(*) FROM (SELECT FROM session.sessions WHERE role = $1 FOR UPDATE) AS locked";

    private readonly Platform _platform;

    public PoolTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["session"] = new() { ["Pool:Wait"] = "00:00:01" };
        platform.Settings["registry"] = new() { ["Pool:Connections"] = "4", ["Pool:Wait"] = "00:00:00.2" };
    }

    [Fact]
    public async Task A_flood_of_agents_harms_neither_people_nor_the_audit_trail_and_passes()
    {
        const int Calls = 30;
        var flood = new List<(SessionClient Client, string Id)>();
        for (var i = 0; i < Calls; i++)
            flood.Add(await SessionAsync(Tokens.Agent($"flood-{i}"), "flooded"));
        var person = await _platform.ClientAsync<SessionClient>(Tokens.Operator());

        var refusedBefore = Numbers(await StatisticsAsync("session"), Tier.Agent).Refused;
        await using (await LockAsync(LockSessions, "flooded"))
        {
            var calls = flood.ConvertAll(f => TransitionAsync(f.Client, f.Id));
            await Eventually.TrueAsync(async () => await HeldAsync("session/agent/flood-%") == AgentLimit, "agents hold all connections of theirs");

            // People and the relay go on as if nothing were.
            for (var i = 0; i < 5; i++)
            {
                var created = (await person.CreateSessionAsync(new CreateSessionRequest { Role = "calm" })).Session;
                Assert.Equal(created, (await person.GetSessionAsync(new GetSessionRequest { Id = created.Id })).Session);
                Assert.Single(await _platform.AuditOfAsync($"session/{created.Id}"));
            }

            await Eventually.TrueAsync(() => Task.FromResult(calls.Count(c => c.IsCompleted) == Calls - AgentLimit), "all others were told to come back");
            foreach (var refused in calls.Where(c => c.IsCompleted))
                AssertRefused("POOL_EXHAUSTED", await Assert.ThrowsAsync<RpcException>(() => refused));
            Assert.Equal(AgentLimit, await HeldAsync("session/agent/flood-%"));

            var pool = await StatisticsAsync("session");
            Assert.Equal((AgentLimit, AgentLimit, 0, refusedBefore + Calls - AgentLimit), Numbers(pool, Tier.Agent));
            Assert.False(pool.BreakerOpen);
            flood = [.. flood.Where((_, i) => !calls[i].IsCompleted), .. flood.Where((_, i) => calls[i].IsCompleted)];
        }

        // The held ones come through by themselves, the refused ones at their next try.
        await Eventually.TrueAsync(async () => Numbers(await StatisticsAsync("session"), Tier.Agent).InUse == 0, "all connections are back");
        foreach (var (client, id) in flood[..AgentLimit])
            Assert.Equal(SessionStatus.Active, (await client.GetSessionAsync(new GetSessionRequest { Id = id })).Session.Status);
        foreach (var (client, id) in flood[AgentLimit..])
            await TransitionAsync(client, id);
    }

    [Fact]
    public async Task When_nearly_all_connections_are_taken_agents_are_turned_away_at_once_and_the_system_goes_on()
    {
        var agents = new List<(SessionClient Client, string Id)>();
        for (var i = 0; i < AgentLimit; i++)
            agents.Add(await SessionAsync(Tokens.Agent($"crowd-{i}"), "crowded"));
        var people = new List<(SessionClient Client, string Id)>();
        for (var i = 0; i < UiLimit; i++)
            people.Add(await SessionAsync(Tokens.Operator($"crowd-{i}"), "crowded"));
        var late = await _platform.ClientAsync<SessionClient>(Tokens.Agent("late"));
        await OutboxIsEmptyAsync();
        var host = (ServiceHost<SessionStore>)await _platform.StartAsync("session");
        using var metrics = new MetricBook(host.Services.GetRequiredService<IMeterFactory>(), "agentplatform.pool.");

        List<Task> calls;
        await using (await LockAsync(LockSessions, "crowded"))
        {
            calls = [.. agents.Concat(people).Select(f => TransitionAsync(f.Client, f.Id))];
            await Eventually.TrueAsync(async () => await HeldAsync("session/agent/crowd-%") + await HeldAsync("session/ui") == AgentLimit + UiLimit,
                "agents and people hold all connections of theirs, by name");

            AssertRefused("POOL_BREAKER_OPEN", await Assert.ThrowsAsync<RpcException>(async () => await late.ListSessionsAsync(new ListSessionsRequest())));
            var person = await _platform.ClientAsync<SessionClient>(Tokens.Operator("late"));
            AssertRefused("POOL_EXHAUSTED", await Assert.ThrowsAsync<RpcException>(async () => await person.ListSessionsAsync(new ListSessionsRequest())));

            // The relay still works: what comes into the outbox now gets to the audit log.
            await _platform.SqlAsync<int>("INSERT INTO session.outbox SELECT gen_random_uuid(), $1, now()", Entry());
            Assert.Single(await _platform.AuditOfAsync("crowd/entry"));

            var pool = await StatisticsAsync("session");
            Assert.True(pool.BreakerOpen);
            Assert.Equal((AgentLimit, AgentLimit), (Numbers(pool, Tier.Agent).Limit, Numbers(pool, Tier.Agent).InUse));
            Assert.Equal((UiLimit, UiLimit, 0), (Numbers(pool, Tier.Ui).Limit, Numbers(pool, Tier.Ui).InUse, Numbers(pool, Tier.Ui).Waiting));
            Assert.Equal(PoolLimit, pool.Tiers.Sum(t => t.ConnectionsLimit));
            Assert.InRange((await _platform.SqlAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'session'"))[0],
                AgentLimit + UiLimit, PoolLimit);

            var seen = metrics.Read();
            Assert.Equal((AgentLimit, UiLimit, 1L), (seen["agentplatform.pool.connections.in_use agent"], seen["agentplatform.pool.connections.in_use ui"], seen["agentplatform.pool.breaker.open"]));
            Assert.Equal((AgentLimit, UiLimit, PoolLimit - AgentLimit - UiLimit),
                (seen["agentplatform.pool.connections.limit agent"], seen["agentplatform.pool.connections.limit ui"], seen["agentplatform.pool.connections.limit system"]));
            Assert.Equal((1, 1, 0), (seen["agentplatform.pool.refusals agent"], seen["agentplatform.pool.refusals ui"], seen["agentplatform.pool.waiting agent"]));
        }

        await Task.WhenAll(calls);
        await Eventually.TrueAsync(async () => !(await StatisticsAsync("session")).BreakerOpen, "the breaker is closed");
        await late.ListSessionsAsync(new ListSessionsRequest());
    }

    [Fact]
    public async Task A_small_pool_has_a_connection_for_every_tier()
    {
        var (first, second) = (await AgentAsync("tiny-1"), await AgentAsync("tiny-2"));
        var person = await _platform.ClientAsync<RegistryClient>(Tokens.Operator());

        Task<RegisterAgentResponse> held;
        await using (await LockAsync("SELECT count(*) FROM (SELECT FROM registry.agents WHERE id = $1 FOR UPDATE) AS locked", "tiny-1"))
        {
            held = first.RegisterAgentAsync(Registration).ResponseAsync;
            await Eventually.TrueAsync(async () => await HeldAsync("registry/agent/tiny-1") == 1, "the call hangs");

            AssertRefused("POOL_EXHAUSTED", await Assert.ThrowsAsync<RpcException>(async () => await second.RegisterAgentAsync(Registration)));
            Assert.Equal(2, (await person.ListAgentsAsync(new ListAgentsRequest())).Agents.Count);
            var pool = await StatisticsAsync("registry");
            Assert.Equal((1, 1, 0, 1), Numbers(pool, Tier.Agent));
            Assert.Equal((2, 0, 0, 0), Numbers(pool, Tier.Ui));
            Assert.Equal(1, Numbers(pool, Tier.System).Limit);
        }
        await held;
        await second.RegisterAgentAsync(Registration);
    }

    private async Task<(SessionClient Client, string Id)> SessionAsync(string token, string role)
    {
        var client = await _platform.ClientAsync<SessionClient>(token);
        return (client, (await client.CreateSessionAsync(new CreateSessionRequest { Role = role })).Session.Id);
    }

    private static RegisterAgentRequest Registration => new() { Platform = Contracts.Registry.V1.Platform.Linux, Version = "1" };

    private async Task<RegistryClient> AgentAsync(string id)
    {
        var client = await _platform.ClientAsync<RegistryClient>(Tokens.Agent(id));
        await client.RegisterAgentAsync(Registration);
        return client;
    }

    private static async Task TransitionAsync(SessionClient client, string id) =>
        await client.TransitionSessionAsync(new TransitionSessionRequest { Id = id, Status = SessionStatus.Active });

    // Disposing ends the lock: the connection is not pooled.
    private async Task<NpgsqlConnection> LockAsync(string sql, string what)
    {
        var connection = new NpgsqlConnection(_platform.AdminConnection + ";Pooling=false");
        await connection.OpenAsync();
        await using var begin = new NpgsqlCommand("BEGIN", connection);
        await begin.ExecuteNonQueryAsync();
        await using var take = new NpgsqlCommand(sql, connection) { Parameters = { new NpgsqlParameter { Value = what } } };
        Assert.NotEqual(0L, await take.ExecuteScalarAsync());
        return connection;
    }

    // How many connections of that name wait for a lock.
    private async Task<long> HeldAsync(string name) => (await _platform.SqlAsync<long>(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1 AND wait_event_type = 'Lock'", name))[0];

    private Task OutboxIsEmptyAsync() => Eventually.TrueAsync(
        async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.outbox"))[0] == 0, "the outbox is empty");

    private async Task<GetPoolStatisticsResponse> StatisticsAsync(string service) =>
        await (await _platform.ClientAsync<OperationsClient>(service, Tokens.Operator())).GetPoolStatisticsAsync(new GetPoolStatisticsRequest { Service = service });

    private static (int Limit, int InUse, int Waiting, long Refused) Numbers(GetPoolStatisticsResponse pool, Tier tier) =>
        pool.Tiers.Where(t => t.Tier == tier).Select(t => (t.ConnectionsLimit, t.ConnectionsInUse, t.CallsWaiting, t.CallsRefused)).Single();

    private static void AssertRefused(string reason, RpcException exception)
    {
        Assert.Equal((StatusCode.ResourceExhausted, reason), (exception.StatusCode, Refusal.From(exception).Reason));
        var details = Contracts.Rpc.Status.Parser.ParseFrom(exception.Trailers.GetValueBytes(GrpcStatus.DetailsKey)).Details;
        Assert.True(details.Single(d => d.Is(RetryInfo.Descriptor)).Unpack<RetryInfo>().RetryDelay.ToTimeSpan() > TimeSpan.Zero);
    }

    private byte[] Entry() => Google.Protobuf.MessageExtensions.ToByteArray(new Contracts.Audit.V1.AuditEntry
    {
        EventId = Guid.CreateVersion7().ToString(),
        OccurTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(_platform.Clock.GetUtcNow()),
        Principal = "user:tester",
        Service = "session",
        Operation = "crowd.test",
        Resource = "crowd/entry",
        Outcome = Contracts.Audit.V1.Outcome.Ok,
    });
}
