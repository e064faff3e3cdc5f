using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace AgentPlatform;

/// <summary>
/// The id by which a caller finds a call again in every log, span and audit entry: taken from <c>X-Correlation-ID</c>, or made.
/// </summary>
public static class CorrelationId
{
    public const string Header = "x-correlation-id";
    private const int MaximumLength = 128;
    private static readonly object ItemKey = new();

    /// <summary>The correlation id of a gRPC call.</summary>
    public static string Of(ServerCallContext context) => Of(context.GetHttpContext());

    /// <summary>The correlation id of a request; empty before <see cref="CorrelationMiddleware"/> ran.</summary>
    public static string Of(HttpContext context) => context.Items[ItemKey] as string ?? "";

    internal static string TakeOrMake(HttpContext context, TimeProvider clock)
    {
        var given = context.Request.Headers[Header].ToString();
        var id = IsValid(given) ? given : Guid.CreateVersion7(clock.GetUtcNow()).ToString();
        context.Items[ItemKey] = id;
        return id;
    }

    // Anything else would let a caller write lines of its own into logs.
    private static bool IsValid(string id) => id.Length is > 0 and <= MaximumLength && id.All(c => c is > ' ' and <= '~');
}
