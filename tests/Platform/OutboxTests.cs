using AgentPlatform.Contracts.Session.V1;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

public sealed class OutboxTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public OutboxTests(Platform platform)
    {
        _platform = platform;
        // Audit comes back at the address where the others look for it, whichever test began.
        platform.Settings.TryAdd("audit", new() { ["GRPC_PORT"] = $"{LocalServerProcess.FreePort()}" });
    }

    [Fact]
    public async Task While_audit_is_away_work_goes_on_and_every_entry_arrives_once_when_it_is_back()
    {
        var client = await _platform.ClientAsync<Client>(Tokens.Agent("patient"));
        await _platform.StopAsync("audit");

        var ids = new List<string>();
        for (var i = 0; i < 20; i++)
            ids.Add((await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session.Id);
        Assert.Equal([20L], await _platform.SqlAsync<long>("SELECT count(*) FROM session.outbox"));

        await _platform.StartAsync("audit");
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.outbox"))[0] == 0, "the outbox is empty");
        Assert.Equal(ids.Order(), (await _platform.SqlAsync<string>("SELECT resource FROM audit.audit_log WHERE principal = 'agent:patient'")).Select(r => r["session/".Length..]).Order());
    }

    [Fact]
    public async Task An_entry_that_was_sent_before_a_crash_is_not_written_twice()
    {
        var client = await _platform.ClientAsync<Client>(Tokens.Agent("crashed"));
        var id = (await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session.Id;
        var entry = (await _platform.AuditOfAsync($"session/{id}")).Single();

        // As if the relay had died after Audit's answer and before its own commit: the row is there again.
        entry.RecordTime = null;
        await _platform.SqlAsync<int>("INSERT INTO session.outbox (id, entry, created_at) VALUES ($1, $2, now())", Guid.Parse(entry.EventId), Google.Protobuf.MessageExtensions.ToByteArray(entry));
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.outbox"))[0] == 0, "the outbox is empty");
        Assert.Single(await _platform.AuditOfAsync($"session/{id}"));
    }

    [Fact]
    public async Task While_the_relay_waits_for_audit_postgres_clears_away_what_others_delete()
    {
        var client = await _platform.ClientAsync<Client>(Tokens.Agent("untidy"));
        await _platform.StopAsync("audit");
        await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" });

        // With a number of its own, or a snapshot, what all others delete from now on would stay where it is until this one ends.
        const string waitsAndHoldsNothing = """
            SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE 'session/%' AND state = 'idle in transaction' AND backend_xid IS NULL AND backend_xmin IS NULL
            """;
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>(waitsAndHoldsNothing))[0] == 1, "the relay waits for Audit");

        await _platform.StartAsync("audit");
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.outbox"))[0] == 0, "the outbox is empty");
    }
}
