using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AgentPlatform;

/// <summary>
/// Gives a reason to the refusals that the gRPC framework makes by itself, before any interceptor runs: a message over the
/// limit, bytes that are no message, a method that does not exist, a deadline that passed. Handlers always answer with
/// details (<see cref="ErrorInterceptor"/>), so a status without them comes from the framing, and what the framework
/// calls UNKNOWN or INTERNAL there is the caller's malformed input.
/// </summary>
public sealed class StatusDetailsMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (!GrpcStatus.IsGrpc(context.Request))
            return;

        var trailers = context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        var destination = context.Response.Headers.ContainsKey(GrpcStatus.CodeKey) ? context.Response.Headers
            : trailers?.ContainsKey(GrpcStatus.CodeKey) is true ? trailers : null;
        if (destination is null or { IsReadOnly: true } || destination.ContainsKey(GrpcStatus.DetailsKey))
            return;
        if (!int.TryParse(destination[GrpcStatus.CodeKey], out var code) || Explain((StatusCode)code, context) is not { } error)
            return;

        // The deadline's own timer may end the answer in this very moment; what it says then goes without a reason.
        try { GrpcStatus.Write(destination, error); }
        catch (InvalidOperationException) when (destination.IsReadOnly) { }
    }

    private static PlatformException? Explain(StatusCode code, HttpContext context) => code switch
    {
        StatusCode.OK => null,
        StatusCode.ResourceExhausted => TooLarge(),
        StatusCode.Unimplemented => new(code, "METHOD_NOT_FOUND", $"There is no method {context.Request.Path}."),
        StatusCode.DeadlineExceeded => new(code, "DEADLINE_EXCEEDED", "The call's deadline passed before the answer was ready."),
        StatusCode.Cancelled => new(code, "CANCELLED", "The caller gave up."),
        StatusCode.Unknown or StatusCode.Internal => Malformed(),
        _ => null,
    };

    /// <summary>The refusal of bytes that are no message.</summary>
    internal static PlatformException Malformed(Exception? cause = null) =>
        new(StatusCode.InvalidArgument, "MALFORMED_MESSAGE", "The request's bytes are not a message of this method.", cause);

    /// <summary>The refusal of a message over the limit.</summary>
    internal static PlatformException TooLarge(Exception? cause = null) =>
        new(StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE", $"The message is larger than {MessageLimits.ReceiveBytes:N0} bytes.", cause);
}
