using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Session.V1;
using Npgsql;

namespace AgentPlatform.Tests.Faults;

[Collection(FaultCollection.Name)]
public sealed class DrainTests(FaultCluster faults)
{
    private const string Agent = "in-flight";
    private const int Calls = 4;
    private static readonly TimeSpan BetweenCalls = TimeSpan.FromMilliseconds(10);
    private const string Waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";

    [Fact]
    public async Task A_process_that_is_told_to_stop_says_so_first_and_cuts_no_call_off()
    {
        var service = faults.Cluster.Sessions[1];
        // Long enough to be seen on a busy machine.
        await RestartAsync(service, readinessLead: "00:00:03");
        try
        {
            var client = faults.Sessions(Agent, service);
            await using var blocker = new NpgsqlConnection(faults.Cluster.Admin);
            await blocker.OpenAsync();
            await using var transaction = await blocker.BeginTransactionAsync();
            var sessions = await Task.WhenAll(Enumerable.Range(0, Calls).Select(_ => CreateAsync(client)));
            await using (var block = new NpgsqlCommand("LOCK TABLE session.sessions IN EXCLUSIVE MODE", blocker))
                await block.ExecuteNonQueryAsync();
            // Each has a connection of its own, which new rows alone would not need.
            var inFlight = sessions.Select(async session =>
                (await client.TransitionSessionAsync(new TransitionSessionRequest { Id = session.Id, Status = SessionStatus.Active })).Session).ToList();
            await Eventually.TrueAsync(async () => (await faults.SqlAsync<long>(Waiting, $"session/agent/{Agent}")).Single() == Calls, "the calls are in flight");

            service.Process.Send(Signal.Terminate);
            await Eventually.TrueAsync(async () => await service.HealthAsync() == 503, "readiness has gone");
            Assert.True(await LocalPrograms.ListensAsync(service.GrpcPort), "The port was closed before readiness went.");

            await Eventually.TrueAsync(async () => !await LocalPrograms.ListensAsync(service.GrpcPort), "no new calls are taken");
            Assert.All(inFlight, call => Assert.False(call.IsCompleted));
            await transaction.CommitAsync();
            Assert.Equal(Calls, (await Task.WhenAll(inFlight)).Distinct().Count());
            Assert.Equal(0, await service.Process.WaitForExitAsync());
        }
        finally { await RestartAsync(service, readinessLead: "00:00:00.5"); }
        Assert.Equal(2 * Calls, await faults.AuditedAsync(Agent));
    }

    [Fact]
    public async Task Callers_of_the_gateway_do_not_notice_that_an_instance_is_restarted()
    {
        var service = faults.Cluster.Sessions[1];
        await RestartAsync(service, readinessLead: "00:00:03");
        using var stop = new CancellationTokenSource();
        // Without a key and without a second try: whatever is refused fails the test.
        var callers = Enumerable.Range(0, Calls).Select(async number =>
        {
            var client = faults.Sessions($"unaware-{number}");
            while (!stop.IsCancellationRequested)
            {
                await CreateAsync(client);
                await Task.Delay(BetweenCalls);
            }
        }).ToList();
        try
        {
            Assert.Equal(0, await service.Process.TerminateAsync());
            await RestartAsync(service, readinessLead: "00:00:00.5");
        }
        finally { await stop.CancelAsync(); }
        await Task.WhenAll(callers);
    }

    private static async Task RestartAsync(ServiceProcess service, string readinessLead)
    {
        if (service.Process.IsRunning)
            await service.Process.KillAsync();
        service.Settings["Drain__ReadinessLead"] = readinessLead;
        await service.StartAsync();
        await service.IsHealthyAsync();
    }

    private static async Task<Session> CreateAsync(SessionService.SessionServiceClient client) =>
        (await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session;
}
