using System.Collections.Frozen;

namespace AgentPlatform.Gateway;

/// <summary>Gives streams, and calls that wait for work, places of their own.</summary>
public sealed class StreamMiddleware(RequestDelegate next)
{
    // By their contracts, streams; by their nature, what waits up to half a minute for a task.
    private static readonly FrozenSet<string> Lasting = AccessRules.Descriptors()
        .SelectMany(f => f.Services).SelectMany(s => s.Methods)
        .Where(m => m.IsServerStreaming || m.IsClientStreaming || m.Name.StartsWith("Poll", StringComparison.Ordinal))
        .Select(m => $"/{m.Service.FullName}/{m.Name}").ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether it is one, by the path of its method.</summary>
    public static bool IsLasting(PathString path) => Lasting.Contains(path.Value ?? "");

    public Task InvokeAsync(HttpContext context)
    {
        if (!IsLasting(context.Request.Path) || context.Features.Get<LoadPlace>() is not { } place || place.TryBecomeStream())
            return next(context);
        GrpcStatus.Refuse(context, LoadGate.Refusal());
        return Task.CompletedTask;
    }
}
