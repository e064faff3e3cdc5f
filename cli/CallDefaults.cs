using Grpc.Core;
using Grpc.Core.Interceptors;

namespace AgentPlatform.Cli;

/// <summary>Adds headers to every call, and a deadline to those that have none.</summary>
internal sealed class CallDefaults(Metadata headers, TimeProvider clock) : Interceptor
{
    // A person waits for it.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, Complete(context));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, Complete(context));

    private ClientInterceptorContext<TRequest, TResponse> Complete<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context)
        where TRequest : class where TResponse : class
    {
        var all = new Metadata();
        foreach (var header in headers.Concat(context.Options.Headers ?? []))
            all.Add(header);
        var deadline = context.Options.Deadline ?? (clock.GetUtcNow() + Deadline).UtcDateTime;
        return new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, context.Options.WithHeaders(all).WithDeadline(deadline));
    }
}
