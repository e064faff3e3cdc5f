namespace AgentPlatform.Gateway;

/// <summary>
/// Checks a call's token before it is forwarded, unless its method is open to anybody, whether the connection is its caller's, and whether he calls too often. Roles are the service's own matter.
/// A method that the gateway does not know, as of a newer service, needs a token too.
/// </summary>
public sealed class EdgeMiddleware(RequestDelegate next, AccessRules rules, BearerToken token, AgentCertificates certificates, RateLimiter limiter, RateMetrics metrics)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol) && context.Features.Get<TranscodedCall>() is null)
        {
            // gRPC's statuses are trailers, which HTTP/1.1 clients do not read.
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            context.Response.Headers.Upgrade = "HTTP/2";
            return;
        }

        try
        {
            if (rules.Find(context.Request.Path.Value!) is not { Anonymous: true } && await TakeAsync(context) is { IsAdmitted: false } refusal)
            {
                metrics.Refused(refusal.Policy);
                GrpcStatus.Refuse(context, RateHeaders.Refuse(refusal));
                RateHeaders.Write(context.Response.Headers, refusal);
                return;
            }
        }
        catch (PlatformException refusal)
        {
            GrpcStatus.Refuse(context, refusal);
            return;
        }
        await next(context);
    }

    private async ValueTask<RateDecision> TakeAsync(HttpContext context)
    {
        var caller = token.FindCaller(context);
        if (caller is null)
        {
            var address = context.Connection.RemoteIpAddress;
            if (limiter.LookAtStranger(address) is { IsAdmitted: false } tooMany)
                return tooMany;
            try { caller = await token.RequireCallerAsync(context); }
            catch (PlatformException refusal) when (refusal.Code == Grpc.Core.StatusCode.Unauthenticated)
            {
                limiter.CountStranger(address);
                throw;
            }
        }
        certificates.Check(context, caller);
        var decision = await limiter.TakeAsync(caller.Subject, context.Request.Path.Value!);
        // Of use to who reads headers of answers that went well; of gRPC's, hardly anybody does.
        if (decision.IsAdmitted && context.Features.Get<TranscodedCall>() is not null)
            context.Response.OnStarting(() =>
            {
                RateHeaders.Write(context.Response.Headers, decision);
                return Task.CompletedTask;
            });
        return decision;
    }
}
