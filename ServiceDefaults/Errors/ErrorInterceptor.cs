using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Turns every exception of a handler into a status with <c>google.rpc</c> details. What nobody foresaw is masked as INTERNAL
/// with the trace id, so that the caller can name it to us and learns nothing else.
/// </summary>
public sealed partial class ErrorInterceptor(ConstraintErrors constraints, ILogger<ErrorInterceptor> log) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try { return await continuation(request, context); }
        catch (Exception e) when (!HasDetails(e)) { throw ToRpc(e, context); }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try { return await continuation(new CheckedRequests<TRequest>(requests), context); }
        catch (Exception e) when (!HasDetails(e)) { throw ToRpc(e, context); }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try { await continuation(request, responses, context); }
        catch (Exception e) when (!HasDetails(e)) { throw ToRpc(e, context); }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try { await continuation(new CheckedRequests<TRequest>(requests), responses, context); }
        catch (Exception e) when (!HasDetails(e)) { throw ToRpc(e, context); }
    }

    // A neighbour of ours has refused, and said why in our own way: its words are the caller's to hear.
    private static bool HasDetails(Exception exception) => exception is RpcException rpc && rpc.Trailers.Any(t => t.Key == GrpcStatus.DetailsKey);

    private RpcException ToRpc(Exception exception, ServerCallContext context)
    {
        var error = ToPlatform(exception, context);
        if (error.Code is StatusCode.Internal)
            Unforeseen(log, exception, context.Method);
        else if (error.Code is StatusCode.Unavailable)
            Unavailable(log, error.InnerException, context.Method);
        Activity.Current?.SetTag("error.type", error.Reason);
        return GrpcStatus.ToRpc(error);
    }

    private PlatformException ToPlatform(Exception exception, ServerCallContext context) => exception switch
    {
        PlatformException known => known,
        // The caller has gone or its time is up: whatever broke, broke because of that.
        _ when context.CancellationToken.IsCancellationRequested && context.Deadline <= TimeProvider.System.GetUtcNow().UtcDateTime =>
            DeadlineExceeded(exception),
        _ when context.CancellationToken.IsCancellationRequested => new(StatusCode.Cancelled, "CANCELLED", "The caller gave up.", exception),
        PostgresException postgres => constraints.Find(postgres) ?? FromState(postgres),
        NpgsqlException npgsql => Errors.Unavailable("The database", npgsql),
        TimeoutException timeout => Errors.Unavailable("The database", timeout),
        // A call to a neighbour carries our own deadline, and may notice a moment before us that it has passed.
        RpcException { StatusCode: StatusCode.DeadlineExceeded } => DeadlineExceeded(exception),
        RpcException { StatusCode: StatusCode.Unavailable } rpc => Errors.Unavailable("A service behind this one", rpc),
        _ => Masked(exception),
    };

    private static PlatformException FromState(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected =>
            new(StatusCode.Aborted, "CONCURRENT_UPDATE", "The call met another one that changes the same thing; try again.", e),
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.QueryCanceled => Errors.Unavailable("The database", e),
        _ => Masked(e),
    };

    private static PlatformException DeadlineExceeded(Exception e) =>
        new(StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED", "The call's deadline passed before the answer was ready.", e);

    private static PlatformException Masked(Exception e) =>
        new(StatusCode.Internal, "INTERNAL", $"Something went wrong on our side; name trace {Activity.Current?.TraceId.ToHexString() ?? "unknown"} when you report it.", e);

    [LoggerMessage(LogLevel.Error, "{Method} failed in a way nobody foresaw")]
    private static partial void Unforeseen(ILogger log, Exception exception, string method);

    [LoggerMessage(LogLevel.Warning, "{Method} refused: a server behind it does not answer")]
    private static partial void Unavailable(ILogger log, Exception? exception, string method);
}
