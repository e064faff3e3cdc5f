using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace AgentPlatform.Gateway;

/// <summary>
/// What a call meets before and after it is forwarded: its token is checked, unless its method is open to anybody, and a
/// service that does not answer becomes a status that clients understand. Roles are the service's own matter. A method that
/// the gateway does not know, as of a newer service, needs a token too.
/// </summary>
public sealed partial class EdgeMiddleware(RequestDelegate next, AccessRules rules, AuthenticationSettings settings, ILogger<EdgeMiddleware> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            // gRPC's statuses are trailers, which HTTP/1.1 clients do not read.
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            context.Response.Headers.Upgrade = "HTTP/2";
            return;
        }

        try
        {
            if (rules.Find(context.Request.Path.Value!) is not { Anonymous: true })
                await BearerToken.RequireCallerAsync(context, settings);
        }
        catch (PlatformException refusal)
        {
            GrpcStatus.Refuse(context, refusal);
            return;
        }
        await ForwardAsync(context);
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var reset = new HeldReset();
        context.Features.Set<IHttpResetFeature>(reset);
        await next(context);

        // To a caller that has gone there is nothing to say.
        if (context.GetForwarderErrorFeature() is not { } failure || context.RequestAborted.IsCancellationRequested)
            return;
        var error = ForwardingErrors.Explain(failure, context.GetReverseProxyFeature().Cluster.Config.ClusterId);
        if (!context.Response.HasStarted)
            GrpcStatus.Refuse(context, error);
        else if (reset.Wanted && context.Features.Get<IHttpResponseTrailersFeature>() is { Trailers: { IsReadOnly: false } trailers })
            GrpcStatus.Write(trailers, error);
        else
            return; // the answer was whole; only what the caller still sent was lost
        Activity.Current?.SetTag("error.type", error.Reason);
        Failed(log, context.Request.Path, error.Reason, error.InnerException?.GetBaseException().Message);
    }

    // A line without a stack: it is the same for every call as long as a service is down.
    [LoggerMessage(LogLevel.Warning, "{Method} failed on the way to its service: {Reason} ({Cause})")]
    private static partial void Failed(ILogger log, PathString method, string reason, string? cause);
}
