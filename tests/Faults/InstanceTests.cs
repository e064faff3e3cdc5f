using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Tests.Faults;

[Collection(FaultCollection.Name)]
public sealed class InstanceTests(FaultCluster faults)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Audit_entries_arrive_while_one_of_two_instances_of_audit_is_dead(int dead)
    {
        var agent = $"entries-without-{dead}";
        var client = faults.Sessions(agent);
        await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" });

        var instance = faults.Cluster.Audits[dead];
        await instance.Process.KillAsync();
        try
        {
            await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" });
            Assert.Equal(2, await faults.AuditedAsync(agent));
            Assert.False(instance.Process.IsRunning);
        }
        finally { await instance.StartAsync(); }
        await faults.Cluster.IsHealthyAsync();
    }
}
