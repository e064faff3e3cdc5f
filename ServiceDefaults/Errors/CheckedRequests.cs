using Google.Protobuf;
using Grpc.Core;

namespace AgentPlatform;

/// <summary>
/// The messages of a caller's stream. Those of other calls are refused by the framework before a handler runs (<see cref="StatusDetailsMiddleware"/>); here it is the handler who
/// meets a message that is too large, cut short or none at all, and what the framework calls INTERNAL then is the caller's malformed input as well.
/// </summary>
internal sealed class CheckedRequests<T>(IAsyncStreamReader<T> requests) : IAsyncStreamReader<T>
{
    public T Current => requests.Current;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        try { return await requests.MoveNext(cancellationToken); }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidDataException) { throw StatusDetailsMiddleware.Malformed(e); }
        catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted) { throw StatusDetailsMiddleware.TooLarge(e); }
        catch (RpcException e) when (e.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.Unimplemented) { throw StatusDetailsMiddleware.Malformed(e); }
    }
}
