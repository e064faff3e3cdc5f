using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace AgentPlatform.Gateway;

/// <summary>
/// Lets everything be called by REST: makes a gRPC call of a request to <c>/v1/…</c>, lets it go the way of all gRPC calls, so that no path goes round a gate, and makes
/// JSON of the answer. It knows methods by their descriptors alone.
/// </summary>
public sealed class RestMiddleware(RequestDelegate next, RestRules rules, EdgeGate gate)
{
    private const string Prefix = "/v1/";

    // JSON is a few times as long as the message.
    private const int BodyMaximumBytes = 4 * MessageLimits.ReceiveBytes;

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Path.Value?.StartsWith(Prefix, StringComparison.Ordinal) is not true)
            return next(context);
        var path = RawPathOf(context);
        return rules.Find(request.Method, path, out var allowed) is var (rule, values) ? CallAsync(context, rule, values)
            : RefuseAsync(context, NoRoute(request.Method, path, allowed), allowed);
    }

    private async Task CallAsync(HttpContext context, RestRule rule, IReadOnlyList<(string Field, string Value)> values)
    {
        var real = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var answer = new RestAnswer(context, rule, real);
        try
        {
            // Before the body is read: a stranger makes us hold nothing, and what is called too often is not even parsed.
            await AdmitAsync(context, rule);
            if (!rule.IsCallable)
                throw new PlatformException(StatusCode.Unimplemented, "STREAM_NEEDS_GRPC", $"{rule.Method.Name} takes a stream of messages; call it by gRPC.");
            var body = await RequestBody.ReadAsync(context, BodyMaximumBytes);
            Rewrite(context, rule, values, RestRequest.Bind(rule, values, context.Request.QueryString.Value ?? "", IfMatchOf(context.Request), body));
        }
        catch (PlatformException refusal)
        {
            await answer.RefuseAsync(Problem.Of(refusal));
            return;
        }

        // From here on it is a gRPC call like any other.
        using var frames = new GrpcFrames(answer.TakeAsync);
        context.Features.Set<IHttpResponseBodyFeature>(frames);
        context.Features.Set<IHttpResponseTrailersFeature>(frames);
        context.Features.Set(new TranscodedCall(IsAdmitted: true));
        try
        {
            await next(context);
        }
        finally
        {
            context.Features.Set(real);
        }
        if (!context.RequestAborted.IsCancellationRequested)
            await answer.EndAsync(frames.Trailers);
    }

    private async ValueTask AdmitAsync(HttpContext context, RestRule rule)
    {
        var decision = await gate.AdmitAsync(context, rule.GrpcPath);
        if (!decision.IsAdmitted)
        {
            RateHeaders.Write(context.Response.Headers, decision);
            throw RateHeaders.Refuse(decision);
        }
        context.Response.OnStarting(() =>
        {
            RateHeaders.Write(context.Response.Headers, decision);
            return Task.CompletedTask;
        });
    }

    private static void Rewrite(HttpContext context, RestRule rule, IReadOnlyList<(string Field, string Value)> values, byte[] frame)
    {
        var request = context.Request;
        (request.Method, request.Path, request.QueryString) = (HttpMethods.Post, rule.GrpcPath, default);
        request.Headers.Remove("transfer-encoding");
        request.Headers.Remove("accept-encoding");
        request.Headers.Remove("expect");
        // The proxy would try to become a WebSocket with the service, and take it for the service's failure that it cannot.
        request.Headers.Remove("upgrade");
        request.ContentType = "application/grpc";
        request.ContentLength = frame.Length;
        request.Headers.TE = "trailers";
        WholeRequest.Set(context.Features, frame);
        // Every service answers this package; the path says which is meant.
        if (rule.Method.File.Package == "agentplatform.operations.v1" && values.FirstOrDefault(v => v.Field == "service") is { Value: { } service })
            request.Headers[OperationsService.ServiceHeader] = service;
    }

    private static string? IfMatchOf(HttpRequest request) => request.Headers.IfMatch.ToString() is { Length: > 0 } given ? given : null;

    // The server has unescaped the path already, and an escaped slash can no longer be told from a slash in it.
    private static string RawPathOf(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/') && Uri.TryCreate(target, UriKind.Absolute, out var absolute))
            target = absolute.PathAndQuery;
        var end = target.AsSpan().IndexOfAny('?', '#');
        return end < 0 ? target : target[..end];
    }

    private static PlatformException NoRoute(string verb, string path, IReadOnlyList<string> allowed) => allowed.Count == 0
        ? Errors.NotFound("ROUTE_NOT_FOUND", $"There is nothing at {path}.")
        : new PlatformException(StatusCode.Unimplemented, "METHOD_NOT_ALLOWED", $"{path} has no {verb}, but {string.Join(", ", allowed)}.");

    private static Task RefuseAsync(HttpContext context, PlatformException refusal, IReadOnlyList<string> allowed)
    {
        if (allowed.Count > 0)
            context.Response.Headers.Allow = string.Join(", ", allowed);
        return Problem.Of(refusal).WriteAsync(context);
    }
}
