using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Bench.Queues;

/// <summary>A stream over which an agent works; it stops when this is disposed of.</summary>
/// <param name="Link">The stream.</param>
/// <param name="Reading">Fails when something is refused.</param>
public sealed record AgentWork(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> Link, Task Reading) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        Link.Dispose();
        await Reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
