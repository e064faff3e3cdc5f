namespace AgentPlatform.Gateway;

/// <summary>Lets a call pass to its service when <see cref="EdgeGate"/> admits it. One that was made of a REST request was admitted before its body was read.</summary>
public sealed class EdgeMiddleware(RequestDelegate next, EdgeGate gate)
{
    public Task InvokeAsync(HttpContext context)
    {
        var transcoded = context.Features.Get<TranscodedCall>();
        if (transcoded is null && !HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            // gRPC's statuses are trailers, which HTTP/1.1 clients do not read.
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            context.Response.Headers.Upgrade = "HTTP/2";
            return Task.CompletedTask;
        }
        if (transcoded is { IsAdmitted: true })
            return next(context);
        // Most callers are known, and far below their limit: nothing has to be waited for.
        var deciding = gate.AdmitAsync(context, context.Request.Path.Value!);
        return deciding is { IsCompletedSuccessfully: true, Result.IsAdmitted: true } ? next(context) : DecideAsync(context, deciding);
    }

    private async Task DecideAsync(HttpContext context, ValueTask<RateDecision> deciding)
    {
        try
        {
            if (await deciding is { IsAdmitted: false } refusal)
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
