namespace AgentPlatform.Gateway;

/// <summary>
/// Checks a call's token before it is forwarded, unless its method is open to anybody. Roles are the service's own matter.
/// A method that the gateway does not know, as of a newer service, needs a token too.
/// </summary>
public sealed class EdgeMiddleware(RequestDelegate next, AccessRules rules, BearerToken token)
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
            if (rules.Find(context.Request.Path.Value!) is not { Anonymous: true })
                await token.RequireCallerAsync(context);
        }
        catch (PlatformException refusal)
        {
            GrpcStatus.Refuse(context, refusal);
            return;
        }
        await next(context);
    }
}
