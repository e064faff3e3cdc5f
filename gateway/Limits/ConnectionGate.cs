using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPlatform.Gateway;

/// <summary>
/// Counts connections by the address that they come from, so that one cannot take the places of all. A further one is closed before anything is read of it, also a handshake. This machine's own address
/// is no other than the rest: what comes by a proxy comes from one address, wherever that stands.
/// </summary>
public sealed class ConnectionGate
{
    private readonly LoadSettings _settings;
    private readonly Counter<long> _refused;
    private readonly Lock _lock = new();

    // Of those alone that have any.
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);

    public ConnectionGate(LoadSettings settings, IMeterFactory meters)
    {
        _settings = settings;
        _refused = meters.Create(Telemetry.MeterName).CreateCounter<long>(
            "agentplatform.gateway.connections.refused", "{connection}", "Connections that were closed at once because their address had too many.");
    }

    /// <summary>Has a listener let no others through. Before TLS, which costs more than all else.</summary>
    public void Guard(ListenOptions listener)
    {
        if (_settings.ConnectionsPerAddress > 0)
            listener.Use(next => connection => PassAsync(connection, next));
    }

    private async Task PassAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var address = PeerAddress.Of((connection.RemoteEndPoint as IPEndPoint)?.Address);
        if (!TryEnter(address))
        {
            // The server closes what comes back.
            _refused.Add(1);
            return;
        }
        try { await next(connection); }
        finally { Leave(address); }
    }

    private bool TryEnter(string address)
    {
        lock (_lock)
        {
            var open = _open.GetValueOrDefault(address);
            if (open >= _settings.ConnectionsPerAddress)
                return false;
            _open[address] = open + 1;
            return true;
        }
    }

    private void Leave(string address)
    {
        lock (_lock)
        {
            if (--_open[address] == 0)
                _open.Remove(address);
        }
    }
}
