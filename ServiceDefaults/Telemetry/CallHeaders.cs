using Grpc.Core;

namespace AgentPlatform;

/// <summary>What a call's headers say.</summary>
public static class CallHeaders
{
    /// <summary>
    /// The header's value; null when the call came without it. Asked of the request itself: <see cref="ServerCallContext.RequestHeaders"/> makes a list of all headers first, and walks through it each time.
    /// </summary>
    public static string? Header(this ServerCallContext context, string name) =>
        context.GetHttpContext().Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null;
}
