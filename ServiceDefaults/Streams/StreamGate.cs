using Grpc.Core;
using Microsoft.Extensions.Hosting;

namespace AgentPlatform;

/// <summary>Bounds the streams of an instance, and ends them when it stops, so that their callers resume at another.</summary>
public sealed class StreamGate(IHostApplicationLifetime lifetime, int maximumStreams = StreamGate.UsualMaximum)
{
    /// <summary>As many watchers as people and programs have open at a busy time.</summary>
    public const int UsualMaximum = 256;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);
    private int _streams;

    /// <summary>Runs a stream until it ends, its caller leaves or the process stops.</summary>
    public async Task RunAsync(ServerCallContext context, Func<CancellationToken, Task> stream)
    {
        try
        {
            if (Interlocked.Increment(ref _streams) > maximumStreams)
                throw new PlatformException(StatusCode.ResourceExhausted, "TOO_MANY_WATCHES", $"{maximumStreams} streams are open here; close one, or come back.")
                {
                    RetryAfter = RetryAfter,
                };
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
            await stream(stop.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new PlatformException(StatusCode.Unavailable, "STOPPING", "This instance is stopping; resume where the stream ended.") { RetryAfter = RetryAfter };
        }
        finally
        {
            Interlocked.Decrement(ref _streams);
        }
    }
}
