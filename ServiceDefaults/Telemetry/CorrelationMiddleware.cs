using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentPlatform;

/// <summary>
/// Puts the correlation id on the request (so that a proxy passes it on), the response, the span and the log scope. An id
/// that is not printable ASCII of 1–128 characters without spaces is replaced. The span gets the RPC's name.
/// </summary>
public sealed class CorrelationMiddleware(RequestDelegate next, AccessRules rules, TimeProvider clock, ILogger<CorrelationMiddleware> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var id = CorrelationId.TakeOrMake(context, clock);
        context.Request.Headers[CorrelationId.Header] = id;
        context.Response.OnStarting(static state =>
        {
            var call = (HttpContext)state;
            call.Response.Headers[CorrelationId.Header] = CorrelationId.Of(call);
            return Task.CompletedTask;
        }, context);
        if (Activity.Current is { } span)
        {
            // Of RPCs that exist only: a caller could invent names without end, and whoever counts spans by name would drown.
            var path = context.Request.Path.Value ?? "";
            span.DisplayName = rules.Find(path) is null ? context.Request.Method : path[1..];
            span.SetTag("correlation.id", id);
        }
        using (log.BeginScope(new CorrelationScope(id)))
            await next(context);
    }
}
