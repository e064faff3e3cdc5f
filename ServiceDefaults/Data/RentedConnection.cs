using Npgsql;

namespace AgentPlatform;

/// <summary>A connection on loan from <see cref="TieredPool"/>; disposing gives it back and rolls back what was not committed.</summary>
public sealed class RentedConnection(NpgsqlConnection connection, Action giveBack) : IAsyncDisposable
{
    private bool _returned;

    public NpgsqlConnection Connection { get; } = connection;

    public async ValueTask DisposeAsync()
    {
        if (_returned)
            return;
        _returned = true;
        try { await Connection.DisposeAsync(); }
        finally { giveBack(); }
    }
}
