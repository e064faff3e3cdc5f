using Microsoft.AspNetCore.Http;
using Grpc.AspNetCore.Server;

namespace AgentPlatform;

/// <summary>
/// Gives a unary call without a deadline <see cref="MessageLimits.DefaultDeadline"/>, before gRPC reads it, so that it ends
/// everything the call began, its calls to other services too.
/// </summary>
public sealed class DefaultDeadlineMiddleware(RequestDelegate next)
{
    private const string TimeoutHeader = "grpc-timeout";
    private static readonly string Default = $"{(int)MessageLimits.DefaultDeadline.TotalSeconds}S";

    public Task InvokeAsync(HttpContext context)
    {
        var method = context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method;
        if (method?.Type == Grpc.Core.MethodType.Unary && !context.Request.Headers.ContainsKey(TimeoutHeader))
            context.Request.Headers[TimeoutHeader] = Default;
        return next(context);
    }
}
