using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace AgentPlatform.Gateway;

/// <summary>Turns what goes wrong between here and a service into a status that clients understand.</summary>
public sealed partial class ForwardingMiddleware(RequestDelegate next, AccessRules rules, ILogger<ForwardingMiddleware> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var reset = new HeldReset();
        context.Features.Set<IHttpResetFeature>(reset);
        await next(context);

        // To a caller that has gone there is nothing to say.
        if (context.GetForwarderErrorFeature() is not { } failure || context.RequestAborted.IsCancellationRequested)
            return;
        if (context.Response.HasStarted && !reset.Wanted)
        {
            // The answer was whole; only what the caller still sent was lost, as after a message that is too large. That is
            // no failure of the instance, so it must not count as one.
            context.Features.Set<IForwarderErrorFeature>(null);
            return;
        }

        var error = ForwardingErrors.Explain(failure, context.GetReverseProxyFeature().Cluster.Config.ClusterId, IsRepeatable(context.Request));
        if (!context.Response.HasStarted)
            GrpcStatus.Refuse(context, error);
        else
            GrpcStatus.Write(context.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers, error);
        Activity.Current?.SetTag("error.type", error.Reason);
        Failed(log, context.Request.Path, error.Reason, error.InnerException?.GetBaseException().Message);
    }

    // It changes nothing, or it has a key under which it changes things once. Of a method that we do not know, neither is sure.
    private bool IsRepeatable(HttpRequest request) => request.Headers.ContainsKey(IdempotencyInterceptor.KeyHeader)
        || rules.Find(request.Path.Value!) is { Idempotency: Contracts.Access.V1.Idempotency.Unspecified };

    // A line without a stack: it is the same for every call as long as a service is down.
    [LoggerMessage(LogLevel.Warning, "{Method} failed on the way to its service: {Reason} ({Cause})")]
    private static partial void Failed(ILogger log, PathString method, string reason, string? cause);
}
