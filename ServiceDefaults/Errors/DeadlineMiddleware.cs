using System.Globalization;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace AgentPlatform;

/// <summary>
/// Settles the deadline before gRPC reads it. A unary call without one gets <see cref="MessageLimits.DefaultDeadline"/>, so
/// that everything it began, its calls to other services too, comes to an end. A call whose time is already up is refused: the
/// framework would take a timeout of zero for none at all.
/// </summary>
public sealed class DeadlineMiddleware(RequestDelegate next)
{
    private const string TimeoutHeader = "grpc-timeout";
    private const int MaximumDigits = 8;
    private static readonly string Default = $"{(int)MessageLimits.DefaultDeadline.TotalSeconds}S";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method is not { } method)
            return next(context);

        if (Ticks(context.Request.Headers[TimeoutHeader].ToString()) is not { } ticks)
        {
            context.Request.Headers.Remove(TimeoutHeader);
            if (method.Type == MethodType.Unary)
                context.Request.Headers[TimeoutHeader] = Default;
        }
        else if (ticks == 0)
        {
            GrpcStatus.Refuse(context, new PlatformException(StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED", "The call's deadline had passed when it arrived."));
            return Task.CompletedTask;
        }
        return next(context);
    }

    // Up to eight digits and a unit, as gRPC's protocol says; null for anything else. A tick is 100 nanoseconds.
    private static long? Ticks(string timeout)
    {
        if (timeout.Length is < 2 or > MaximumDigits + 1 || !long.TryParse(timeout[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            return null;
        return timeout[^1] switch
        {
            'H' => value * TimeSpan.TicksPerHour,
            'M' => value * TimeSpan.TicksPerMinute,
            'S' => value * TimeSpan.TicksPerSecond,
            'm' => value * TimeSpan.TicksPerMillisecond,
            'u' => value * TimeSpan.TicksPerMicrosecond,
            'n' => value / TimeSpan.NanosecondsPerTick,
            _ => null,
        };
    }
}
