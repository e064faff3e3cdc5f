using AgentPlatform.Contracts.Registry.V1;
using Grpc.Net.Client;

namespace AgentPlatform.Bench.Fleet;

/// <summary>Heartbeats of a fleet as calls of their own, over a few connections: each by the next agent, so that all beat in turn.</summary>
public sealed class HeartbeatCalls : IDisposable
{
    private const int Connections = 4;

    private readonly RegisteredFleet _fleet;
    private readonly List<GrpcChannel> _channels;
    private readonly RegistryService.RegistryServiceClient[] _clients;
    private readonly HeartbeatRequest _request = new() { Epoch = RegisteredFleet.Epoch, Health = AgentHealth.Healthy, LoadPercent = 12.5 };
    private int _next = -1;

    public HeartbeatCalls(string address, RegisteredFleet fleet)
    {
        _fleet = fleet;
        _channels = [.. Enumerable.Range(0, Connections).Select(_ => GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { UseProxy = false } }))];
        _clients = [.. _channels.Select(c => new RegistryService.RegistryServiceClient(c))];
    }

    /// <summary>One heartbeat.</summary>
    public async Task BeatAsync()
    {
        var agent = (int)((uint)Interlocked.Increment(ref _next) % _fleet.Count);
        await _clients[agent % Connections].HeartbeatAsync(_request, _fleet.HeadersOf(agent));
    }

    public void Dispose() => _channels.ForEach(c => c.Dispose());
}
