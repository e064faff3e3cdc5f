using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace AgentPlatform.Gateway;

/// <summary>
/// Turns what goes wrong between here and a service into a status that clients understand. A call that could not even be connected has certainly had no
/// effect, so it goes to another instance before its caller learns of it.
/// </summary>
public sealed partial class ForwardingMiddleware(RequestDelegate next, AccessRules rules, ILogger<ForwardingMiddleware> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var reset = new HeldReset();
        context.Features.Set<IHttpResetFeature>(reset);
        // Where nobody collects, the client has no span of its own that would take the place of what the caller has sent.
        if (Activity.Current is { } span)
            context.Request.Headers.TraceParent = span.Id;
        var proxy = context.GetReverseProxyFeature();
        var available = proxy.AvailableDestinations;
        await next(context);
        if (context.GetForwarderErrorFeature() is null)
            return;

        // Those that are thought well first; what is thought ill may be well again, and nothing is lost by asking.
        var untried = available.Union(proxy.AllDestinations).ToList();
        var thoughtWell = available.Count;
        while (TakeAnother(context, untried, ref thoughtWell))
            await next(context);

        // To a caller that has gone there is nothing to say.
        if (context.GetForwarderErrorFeature() is not { } failure || context.RequestAborted.IsCancellationRequested)
            return;
        var error = ForwardingErrors.Explain(failure, context.GetReverseProxyFeature().Cluster.Config.ClusterId, IsRepeatable(context.Request));
        if (!context.Response.HasStarted)
            GrpcStatus.Refuse(context, error);
        else
            GrpcStatus.Write(context.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers, error);
        Activity.Current?.SetTag("error.type", error.Reason);
        Failed(log, context.Request.Path, error.Reason, error.InnerException?.GetBaseException().Message);
    }

    // Each instance is tried once; choosing one leaves no other in the proxy's own list.
    private static bool TakeAnother(HttpContext context, List<DestinationState> untried, ref int thoughtWell)
    {
        if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested
            || context.GetForwarderErrorFeature() is not { } failure || !ForwardingErrors.NeverConnected(failure.Exception))
            return false;
        var proxy = context.GetReverseProxyFeature();
        if (!untried.Remove(proxy.ProxiedDestination!) || untried.Count == 0)
            return false;
        thoughtWell--;
        proxy.AvailableDestinations = [.. thoughtWell > 0 ? untried.Take(thoughtWell) : untried];
        context.Features.Set<IForwarderErrorFeature>(null);
        context.Response.Clear();
        return true;
    }

    // It changes nothing, or it has a key under which it changes things once. Of a method that we do not know, neither is sure.
    private bool IsRepeatable(HttpRequest request) => request.Headers.ContainsKey(IdempotencyInterceptor.KeyHeader)
        || rules.Find(request.Path.Value!) is { Idempotency: Contracts.Access.V1.Idempotency.Unspecified };

    // A line without a stack: it is the same for every call as long as a service is down.
    [LoggerMessage(LogLevel.Warning, "{Method} failed on the way to its service: {Reason} ({Cause})")]
    private static partial void Failed(ILogger log, PathString method, string reason, string? cause);
}
