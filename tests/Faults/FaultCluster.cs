using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Net.Client;
using Npgsql;

namespace AgentPlatform.Tests.Faults;

/// <summary>A cluster of separate processes for the tests that kill them. Each test leaves it whole.</summary>
public sealed class FaultCluster : IAsyncLifetime
{
    private readonly List<GrpcChannel> _channels = [];
    private Cluster? _cluster;

    /// <summary>The cluster; where its programs are not installed, the test that asks is skipped.</summary>
    public Cluster Cluster
    {
        get
        {
            Assert.SkipUnless(LocalPrograms.AreInstalled, "Postgres and Redis are killed as programs of this machine, on Linux; they are not installed here.");
            return _cluster!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (LocalPrograms.AreInstalled)
            _cluster = await Cluster.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels)
            channel.Dispose();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    /// <summary>A client of the gateway, or of an instance of Session, as this agent.</summary>
    public SessionService.SessionServiceClient Sessions(string agentId, ServiceProcess? instance = null)
    {
        var channel = GrpcChannel.ForAddress((instance ?? Cluster.Gateway).GrpcAddress);
        _channels.Add(channel);
        return new SessionService.SessionServiceClient(Storm.Invoker(channel, Cluster.AgentToken(agentId)));
    }

    /// <summary>A client of webhooks behind the gateway, as an operator.</summary>
    public WebhookService.WebhookServiceClient Webhooks()
    {
        var channel = GrpcChannel.ForAddress(Cluster.Gateway.GrpcAddress);
        _channels.Add(channel);
        return new WebhookService.WebhookServiceClient(Storm.Invoker(channel, Cluster.Key.Mint("user:olga", ["operator"], null, TimeSpan.FromHours(1), TimeProvider.System)));
    }

    /// <summary>Runs SQL as the administrator and reads the first column of its rows.</summary>
    public async Task<List<T>> SqlAsync<T>(string sql, params object[] values)
    {
        await using var connection = new NpgsqlConnection(Cluster.Admin);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
            rows.Add(reader.GetFieldValue<T>(0));
        return rows;
    }

    /// <summary>How many sessions an agent has.</summary>
    public async Task<long> CountAsync(string agentId) =>
        (await SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE agent_id = $1", agentId)).Single();

    /// <summary>Waits until the audit log has been told everything, and counts what it holds of an agent.</summary>
    public async Task<long> AuditedAsync(string agentId)
    {
        await Eventually.TrueAsync(async () => (await SqlAsync<long>("SELECT count(*) FROM session.outbox")).Single() == 0, "the outbox is empty");
        return (await SqlAsync<long>("SELECT count(*) FROM audit.audit_log WHERE agent_id = $1", agentId)).Single();
    }
}
