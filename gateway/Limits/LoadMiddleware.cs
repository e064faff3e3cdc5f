namespace AgentPlatform.Gateway;

/// <summary>
/// Refuses requests before anything is done for them, even the reading of their bodies, when too much is in progress. Probes always pass: a gateway that is full is
/// not dead.
/// </summary>
public sealed class LoadMiddleware(RequestDelegate next, LoadGate gate)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (IsProbe(context.Request.Path))
        {
            await next(context);
            return;
        }
        // A fleet that comes back opens its streams while its other calls are in progress.
        using var place = StreamMiddleware.IsLasting(context.Request.Path) ? gate.TryEnterAsStream() : gate.TryEnter();
        if (place is null)
        {
            await RefuseAsync(context);
            return;
        }
        context.Features.Set(place);
        await next(context);
    }

    private static bool IsProbe(PathString path) => path == "/health" || path == "/alive" || path.StartsWithSegments("/grpc.health.v1.Health", StringComparison.Ordinal);

    private static Task RefuseAsync(HttpContext context)
    {
        var refusal = LoadGate.Refusal();
        if (GrpcStatus.IsGrpc(context.Request))
        {
            GrpcStatus.Refuse(context, refusal);
            return Task.CompletedTask;
        }
        return Problem.Of(refusal).WriteAsync(context);
    }
}
