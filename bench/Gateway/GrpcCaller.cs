using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace AgentPlatform.Bench.Gateway;

/// <summary>Calls by gRPC, over one connection and with one token.</summary>
public sealed class GrpcCaller : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly SessionService.SessionServiceClient _sessions;

    public GrpcCaller(string address, string token)
    {
        var authorization = $"Bearer {token}";
        _channel = GrpcChannel.ForAddress(address);
        _sessions = new(_channel.Intercept(metadata => { metadata.Add("authorization", authorization); return metadata; }));
    }

    public async Task GetSessionAsync(GetSessionRequest request) => await _sessions.GetSessionAsync(request);

    public void Dispose() => _channel.Dispose();
}
