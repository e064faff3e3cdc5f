using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace AgentPlatform.Gateway;

/// <summary>
/// Forgets an error that came when the answer was whole: only what the caller still sent was lost, as after a message that is too large. That is no failure
/// of the instance, so it must not count as one.
/// </summary>
public sealed class WholeAnswerMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.Response.HasStarted && context.Features.Get<IHttpResetFeature>() is HeldReset { Wanted: false })
            context.Features.Set<IForwarderErrorFeature>(null);
    }
}
