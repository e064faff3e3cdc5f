using System.Net;

namespace AgentPlatform.Gateway;

/// <summary>
/// What browsers shall not do with our answers: guess at their type, show them in somebody's frame, load anything by them, or tell addresses on. A page that needs more
/// says so itself. gRPC's answers go without: no browser renders them.
/// </summary>
public sealed class SecurityHeaders(RequestDelegate next)
{
    private const string Policy = "default-src 'none'; frame-ancestors 'none'";
    private const string OneYear = "max-age=31536000";

    public Task InvokeAsync(HttpContext context)
    {
        if (!GrpcStatus.IsGrpc(context.Request))
            context.Response.OnStarting(static state =>
            {
                var request = (HttpContext)state;
                var headers = request.Response.Headers;
                headers.TryAdd("Content-Security-Policy", Policy);
                headers.TryAdd("X-Content-Type-Options", "nosniff");
                headers.TryAdd("X-Frame-Options", "DENY");
                headers.TryAdd("Referrer-Policy", "no-referrer");
                headers.TryAdd("Cross-Origin-Resource-Policy", "same-origin");
                // By name, of whatever port: it would take every other program on a developer's machine from the browser.
                if (request.Request.IsHttps && !IsThisMachine(request.Request.Host.Host))
                    headers.TryAdd("Strict-Transport-Security", OneYear);
                return Task.CompletedTask;
            }, context);
        return next(context);
    }

    private static bool IsThisMachine(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address);
}
