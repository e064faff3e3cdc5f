using System.Text;
using Grpc.Core;
using Grpc.Net.Client;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Calls any method of any package through a gateway, with text for messages.</summary>
public sealed class EchoClient(string address, string? token, HttpMessageHandler? handler = null) : IDisposable
{
    private static readonly Marshaller<string> Text = Marshallers.Create(Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });

    public AsyncUnaryCall<string> Unary(string method = "Echo", string package = "agentplatform.registry.v1", Metadata? headers = null, DateTime? deadline = null,
        CancellationToken cancellation = default) =>
        _channel.CreateCallInvoker().AsyncUnaryCall(Method(MethodType.Unary, package, method), null, Options(headers, deadline, cancellation), "hello");

    /// <summary>Calls a method of any service by its path, "/package.Service/Method".</summary>
    public async Task<string> CallAsync(string path, string message, Metadata? headers = null) => await _channel.CreateCallInvoker().AsyncUnaryCall(
        new Method<string, string>(MethodType.Unary, path[1..path.LastIndexOf('/')], path[(path.LastIndexOf('/') + 1)..], Text, Text), null, Options(headers, null, default), message);

    public AsyncDuplexStreamingCall<string, string> Stream(string method = "Echo", CancellationToken cancellation = default) =>
        _channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            Method(MethodType.DuplexStreaming, "agentplatform.registry.v1", method), null, Options(null, null, cancellation));

    public void Dispose() => _channel.Dispose();

    private static Method<string, string> Method(MethodType type, string package, string method) => new(type, $"{package}.EchoService", method, Text, Text);

    private CallOptions Options(Metadata? headers, DateTime? deadline, CancellationToken cancellation)
    {
        var all = headers ?? [];
        if (token is not null)
            all.Add("authorization", $"Bearer {token}");
        return new CallOptions(all, deadline, cancellation);
    }
}
