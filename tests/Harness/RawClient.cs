using Grpc.Core;

namespace AgentPlatform.Tests;

/// <summary>Calls methods by name with bytes as they are, for what no generated client would send.</summary>
public sealed class RawClient(CallInvoker invoker) : ClientBase<RawClient>(invoker)
{
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(b => b, b => b);

    /// <summary>Calls "/package.Service/Method", whatever its kind, and reads its answer to the end.</summary>
    public async Task CallAsync(string method, MethodType type, byte[] request, CallOptions options = default)
    {
        var slash = method.LastIndexOf('/');
        var descriptor = new Method<byte[], byte[]>(type, method[1..slash], method[(slash + 1)..], Bytes, Bytes);
        if (type == MethodType.Unary)
        {
            await CallInvoker.AsyncUnaryCall(descriptor, null, options, request);
            return;
        }
        using var call = CallInvoker.AsyncServerStreamingCall(descriptor, null, options, request);
        await foreach (var _ in call.ResponseStream.ReadAllAsync()) { }
    }

    /// <summary>Calls a unary method with an idempotency key; gives back its answer's bytes, and whether they were a stored answer's.</summary>
    public async Task<(byte[] Answer, bool Replayed)> UnaryAsync(string method, byte[] request, string key)
    {
        var slash = method.LastIndexOf('/');
        var descriptor = new Method<byte[], byte[]>(MethodType.Unary, method[1..slash], method[(slash + 1)..], Bytes, Bytes);
        var options = new CallOptions(new Metadata { { IdempotencyInterceptor.KeyHeader, key } });
        using var call = CallInvoker.AsyncUnaryCall(descriptor, null, options, request);
        var answer = await call;
        return (answer, call.GetTrailers().GetValue(IdempotencyInterceptor.ReplayedTrailer) == "true");
    }

    protected override RawClient NewInstance(ClientBaseConfiguration configuration) => throw new NotSupportedException();
}
