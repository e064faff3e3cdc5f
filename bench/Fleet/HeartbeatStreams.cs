using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace AgentPlatform.Bench.Fleet;

/// <summary>Heartbeats over the streams of a part of a fleet: each by the next stream, so that all beat in turn.</summary>
public sealed class HeartbeatStreams : IAsyncDisposable
{
    // Half of what a connection to the gateway may carry; to the service, which takes fewer, there are more connections.
    private const int StreamsPerConnection = 500;
    private const int OpenedAtOnce = 32;
    private const int Attempts = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly List<GrpcChannel> _channels;
    private readonly BeatingAgent[] _agents;
    private int _next = -1;

    private HeartbeatStreams(List<GrpcChannel> channels, BeatingAgent[] agents) => (_channels, _agents) = (channels, agents);

    /// <summary>Connects the agents from a first one on, so many; all are welcomed when this returns.</summary>
    public static async Task<HeartbeatStreams> OpenAsync(string address, RegisteredFleet fleet, int first, int count)
    {
        List<GrpcChannel> channels = [.. Enumerable.Range(0, (count - 1) / StreamsPerConnection + 1)
            .Select(_ => GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true } }))];
        var agents = new BeatingAgent[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = OpenedAtOnce }, async (i, _) =>
        {
            var links = new AgentLinkService.AgentLinkServiceClient(channels[i / StreamsPerConnection]);
            agents[i] = await ConnectAsync(() => links.Connect(fleet.HeadersOf(first + i)));
        });
        return new HeartbeatStreams(channels, agents);
    }

    // As an agent does whose stream breaks.
    private static async Task<BeatingAgent> ConnectAsync(Func<AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse>> connect)
    {
        for (var attempt = 1; ; attempt++)
        {
            try { return await BeatingAgent.ConnectAsync(connect()); }
            catch (RpcException) when (attempt < Attempts)
            {
                await Task.Delay(Pause, TimeProvider.System);
            }
        }
    }

    /// <summary>One heartbeat, and its answer.</summary>
    public Task BeatAsync() => _agents[(uint)Interlocked.Increment(ref _next) % _agents.Length].BeatAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
            await agent.DisposeAsync();
        _channels.ForEach(c => c.Dispose());
    }
}
