using Grpc.Core;

namespace AgentPlatform;

/// <summary>The caller of a gRPC call.</summary>
public static class CallerExtensions
{
    /// <summary>Who is calling; <see cref="AccessInterceptor"/> has checked already that it may.</summary>
    public static Caller Caller(this ServerCallContext context) => AgentPlatform.Caller.Of(context);
}
