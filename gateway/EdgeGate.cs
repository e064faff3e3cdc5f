using Grpc.Core;

namespace AgentPlatform.Gateway;

/// <summary>
/// The door itself: who calls, whether the connection is his, and whether he calls too often. Nothing that a caller sends is read or kept before he has passed it.
/// Roles are the service's own matter. A method that the gateway does not know, as of a newer service, needs a token too.
/// </summary>
public sealed class EdgeGate(AccessRules rules, BearerToken token, AgentCertificates certificates, RateLimiter limiter, RateMetrics metrics)
{
    /// <summary>Admits a call, or says by the budget that it came too early; what is wrong with its token or its connection is UNAUTHENTICATED.</summary>
    /// <param name="context">The request.</param>
    /// <param name="method">"/package.Service/Method".</param>
    public async ValueTask<RateDecision> AdmitAsync(HttpContext context, string method)
    {
        if (rules.Find(method) is { Anonymous: true })
            return RateDecision.Unlimited;
        var (caller, tooMany) = await IdentifyAsync(context);
        if (caller is null)
            return tooMany;
        var decision = await limiter.TakeAsync(caller.Subject, method);
        if (!decision.IsAdmitted)
            metrics.Refused(decision.Policy);
        return decision;
    }

    /// <summary>Who asks for what is no call itself, but may make some, which are counted as they are made.</summary>
    public async ValueTask<Caller> CallerOfAsync(HttpContext context)
    {
        var (caller, tooMany) = await IdentifyAsync(context);
        return caller ?? throw RateHeaders.Refuse(tooMany);
    }

    // To look at tokens that are not valid is work, too, so who brings many of them is sent away unseen.
    private async ValueTask<(Caller? Caller, RateDecision TooMany)> IdentifyAsync(HttpContext context)
    {
        var caller = token.FindCaller(context);
        if (caller is null)
        {
            var address = context.Connection.RemoteIpAddress;
            if (limiter.LookAtStranger(address) is { IsAdmitted: false } tooMany)
            {
                metrics.Refused(tooMany.Policy);
                return (null, tooMany);
            }
            try { caller = await token.RequireCallerAsync(context); }
            catch (PlatformException refusal) when (refusal.Code == StatusCode.Unauthenticated)
            {
                limiter.CountStranger(address);
                throw;
            }
        }
        certificates.Check(context, caller);
        return (caller, default);
    }
}
