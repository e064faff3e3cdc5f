using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;

namespace AgentPlatform;

/// <summary>
/// Lets a service act for its caller: the caller's token and correlation id go with every call that it makes within the
/// caller's own. A call that brings a token of its own keeps it.
/// </summary>
internal sealed class ForwardingInterceptor(IHttpContextAccessor accessor) : Interceptor
{
    private const string Authorization = "authorization";

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, Forward(context));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, Forward(context));

    private ClientInterceptorContext<TRequest, TResponse> Forward<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context)
        where TRequest : class where TResponse : class
    {
        if (accessor.HttpContext is not { } caller)
            return context;
        var headers = new Metadata();
        foreach (var given in context.Options.Headers ?? [])
            headers.Add(given);
        if (headers.All(h => h.Key != Authorization) && caller.Request.Headers.Authorization.ToString() is { Length: > 0 } token)
            headers.Add(Authorization, token);
        headers.Add(CorrelationId.Header, CorrelationId.Of(caller));
        return new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, context.Options.WithHeaders(headers));
    }
}
