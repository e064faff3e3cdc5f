using System.Globalization;
using System.Runtime.ExceptionServices;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http.Features;

namespace AgentPlatform.Gateway;

/// <summary>
/// Makes gRPC calls for somebody who has asked for something else, such as a tool, and lets them go the way of all gRPC calls through this gateway, as whoever asked: no path goes round a gate.
/// </summary>
/// <param name="asked">What was asked; its token, its connection and its correlation id are those of the calls.</param>
/// <param name="pipeline">The way of all gRPC calls.</param>
internal sealed class GatewayCalls(HttpContext asked, RequestDelegate pipeline)
{
    private static readonly string[] Kept = ["authorization", "host", "traceparent", "tracestate", CorrelationId.Header];

    /// <summary>Makes a call. Each message of the answer goes to <paramref name="take"/> as it comes.</summary>
    /// <param name="method">A method whose caller sends one message.</param>
    /// <param name="request">The message.</param>
    /// <param name="key">The idempotency key; null for none.</param>
    /// <param name="take">Gets the messages; null to wait for the last one. What it throws ends the call and is thrown.</param>
    /// <param name="cancellation">Gives the call up.</param>
    public async Task<GatewayAnswer> CallAsync(
        MethodDescriptor method, IMessage request, McpKey? key, Func<IMessage, CancellationToken, Task>? take, CancellationToken cancellation)
    {
        IMessage? last = null;
        ExceptionDispatchInfo? own = null;
        using var frames = new GrpcFrames(async (bytes, stop) =>
        {
            last = method.OutputType.Parser.ParseFrom(bytes.Span);
            try
            {
                await (take?.Invoke(last, stop) ?? Task.CompletedTask);
            }
            // The proxy would take it for a caller who has gone.
            catch (Exception e)
            {
                own = ExceptionDispatchInfo.Capture(e);
                throw;
            }
        });
        var context = NewContext(method, RestRequest.Frame(request), key, frames, cancellation);
        await pipeline(context);
        own?.Throw();
        cancellation.ThrowIfCancellationRequested();
        var said = frames.Trailers.ContainsKey(GrpcStatus.CodeKey) ? frames.Trailers : context.Response.Headers;
        return Problem.Of(said) is { } problem
            ? new GatewayAnswer(null, problem, false)
            : new GatewayAnswer(last ?? method.OutputType.Parser.ParseFrom(ByteString.Empty), null, said.ContainsKey(IdempotencyInterceptor.ReplayedTrailer));
    }

    private DefaultHttpContext NewContext(MethodDescriptor method, byte[] frame, McpKey? key, GrpcFrames frames, CancellationToken cancellation)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Protocol = asked.Request.Protocol,
            Scheme = asked.Request.Scheme,
            Method = HttpMethods.Post,
            Path = $"/{method.Service.FullName}/{method.Name}",
        });
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(frames);
        features.Set<IHttpResponseTrailersFeature>(frames);
        WholeRequest.Set(features, frame);
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature { RequestAborted = cancellation });
        // By where it comes from, and by its certificate, a caller may be told from others.
        features.Set(asked.Features.Get<IHttpConnectionFeature>());
        features.Set(asked.Features.Get<ITlsConnectionFeature>());
        features.Set(new TranscodedCall(IsAdmitted: false));

        var context = new DefaultHttpContext(features) { RequestServices = asked.RequestServices, User = asked.User };
        foreach (var (name, value) in asked.Items)
            context.Items[name] = value;
        var headers = context.Request.Headers;
        foreach (var name in Kept)
            if (asked.Request.Headers.TryGetValue(name, out var value))
                headers[name] = value;
        (headers.ContentType, headers.TE, headers.ContentLength) = ("application/grpc", "trailers", frame.Length);
        if (key is not null)
            (headers[IdempotencyInterceptor.KeyHeader], headers[IdempotencyInterceptor.SinceHeader]) =
                (key.Key, key.Since.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        return context;
    }
}
