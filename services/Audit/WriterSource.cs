using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>
/// The writer's own connections, beside the pool: no flood of calls may keep what was accepted from being written, and the writer must not
/// take a connection that a tier was promised.
/// </summary>
public sealed class WriterSource : IAsyncDisposable
{
    // One for each loop; one for what a loop asks in between.
    private const int SpareConnections = 1;

    private readonly NpgsqlDataSource _source;

    public WriterSource(IConfiguration configuration, AuditSettings settings)
    {
        var connection = new NpgsqlConnectionStringBuilder(configuration.GetConnectionString("agentplatform"))
        {
            ApplicationName = "audit/writer",
            MaxPoolSize = settings.Shards + SpareConnections,
            MaxAutoPrepare = 16,
            Timeout = 2,
            CommandTimeout = 15,
            NoResetOnClose = true,
        };
        _source = NpgsqlDataSource.Create(connection);
    }

    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellation) => _source.OpenConnectionAsync(cancellation);

    /// <summary>Forgets the connections of a server that has gone.</summary>
    public void Clear() => _source.Clear();

    public NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
