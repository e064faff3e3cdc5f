using System.Buffers;
using System.Collections.Frozen;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace AgentPlatform.Gateway;

/// <summary>
/// Takes the message of a unary call as a whole, if it is short and all here: as nearly always, since callers send it with the headers. What is long, or not all here yet, the proxy copies
/// piece by piece.
/// </summary>
public sealed class WholeRequestMiddleware(RequestDelegate next)
{
    /// <summary>The longest that is taken. Most have some hundred bytes.</summary>
    public const int MaximumBytes = 16 * 1024;

    // Those that last would keep it for as long.
    private static readonly FrozenSet<string> Short = AccessRules.Descriptors()
        .SelectMany(f => f.Services).SelectMany(s => s.Methods)
        .Select(m => $"/{m.Service.FullName}/{m.Name}").Where(m => !StreamMiddleware.IsLasting(m)).ToFrozenSet(StringComparer.Ordinal);

    public Task InvokeAsync(HttpContext context)
    {
        // What was made here is whole already.
        if (context.Features.Get<WholeRequest>() is null && Short.Contains(context.Request.Path.Value!) && TryTake(context) is { } body)
            WholeRequest.Set(context.Features, body);
        return next(context);
    }

    private static byte[]? TryTake(HttpContext context)
    {
        // The proxy does so for all of gRPC, and can no longer once somebody has looked at the body: a slow sender would lose his connection, with all other calls on it.
        context.Features.GetRequiredFeature<IHttpMinRequestBodyDataRateFeature>().MinDataRate = null;
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        var reader = context.Request.BodyReader;
        try
        {
            if (!reader.TryRead(out var read))
                return null;
            var body = read.IsCompleted && read.Buffer.Length <= MaximumBytes ? read.Buffer.ToArray() : null;
            reader.AdvanceTo(body is null ? read.Buffer.Start : read.Buffer.End);
            return body;
        }
        // The proxy will meet the same, and has words for it.
        catch (Exception e) when (e is IOException or OperationCanceledException) { return null; }
    }
}
