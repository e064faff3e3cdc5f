using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace AgentPlatform;

/// <summary>
/// Lets a call through only when its method's access option names a role of the caller. Closed by default: a method without
/// a rule is refused. It runs before any look-up, so the answer never tells whether a thing exists.
/// </summary>
public sealed class AccessInterceptor(AccessRules rules, BearerToken token) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        await CheckAsync(context);
        return await continuation(request, context);
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await CheckAsync(context);
        return await continuation(requests, context);
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await CheckAsync(context);
        await continuation(request, responses, context);
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await CheckAsync(context);
        await continuation(requests, responses, context);
    }

    private async Task CheckAsync(ServerCallContext context)
    {
        var rule = rules.Find(context.Method) ?? throw Errors.PermissionDenied("NO_ACCESS_RULE", $"{context.Method} is open to nobody.");
        if (rule.Anonymous)
            return;

        var caller = await token.RequireCallerAsync(context.GetHttpContext());
        if (!caller.Roles.Any(rule.Roles.Contains))
            throw Errors.PermissionDenied("ROLE_MISSING",
                $"{context.Method} needs one of the roles {string.Join(", ", rule.Roles.Select(Caller.NameOf))}; the token gives {Given(caller)}.");
        caller.Attach(context);
    }

    private static string Given(Caller caller) => caller.Roles.Count == 0 ? "none" : string.Join(", ", caller.RoleNames);
}
