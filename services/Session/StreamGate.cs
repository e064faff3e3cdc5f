using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>Bounds the streams of an instance, and ends them when it stops, so that their callers resume at another.</summary>
public sealed class StreamGate(IHostApplicationLifetime lifetime)
{
    private const int MaximumStreams = 256;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);
    private int _streams;

    /// <summary>Runs a stream until it ends, its caller leaves or the process stops.</summary>
    public async Task RunAsync(ServerCallContext context, Func<CancellationToken, Task> stream)
    {
        try
        {
            if (Interlocked.Increment(ref _streams) > MaximumStreams)
                throw new PlatformException(StatusCode.ResourceExhausted, "TOO_MANY_WATCHES", $"{MaximumStreams} streams are open here; close one, or come back.")
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
