namespace AgentPlatform.Gateway;

/// <summary>Lets a call pass to its service when <see cref="EdgeGate"/> admits it. One that was made of a REST request was admitted before its body was read.</summary>
public sealed class EdgeMiddleware(RequestDelegate next, EdgeGate gate)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var transcoded = context.Features.Get<TranscodedCall>();
        if (transcoded is null && !HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            // gRPC's statuses are trailers, which HTTP/1.1 clients do not read.
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            context.Response.Headers.Upgrade = "HTTP/2";
            return;
        }

        try
        {
            if (transcoded is not { IsAdmitted: true } && await gate.AdmitAsync(context, context.Request.Path.Value!) is { IsAdmitted: false } refusal)
            {
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
}
