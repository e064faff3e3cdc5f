using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The stream of an agent. See connect.proto for what it promises.</summary>
public sealed class AgentLinkService(AgentLinkTools tools, StreamGate gate) : Contracts.Registry.V1.AgentLinkService.AgentLinkServiceBase
{
    public override Task Connect(IAsyncStreamReader<ConnectRequest> requestStream, IServerStreamWriter<ConnectResponse> responseStream, ServerCallContext context) =>
        gate.RunAsync(context, stop => new AgentLink(tools, requestStream, responseStream, context).RunAsync(stop));
}
