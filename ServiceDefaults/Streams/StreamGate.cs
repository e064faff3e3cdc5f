using System.Collections.Concurrent;
using AgentPlatform.Contracts.Access.V1;
using Grpc.Core;
using Microsoft.Extensions.Hosting;

namespace AgentPlatform;

/// <summary>
/// Bounds the streams of an instance, and ends them when it stops, so that their callers resume at another. One caller has half of the places at most, so that others have some whatever he
/// does. Services take none: they are few, and what comes to them is waited for by others.
/// </summary>
public sealed class StreamGate(IHostApplicationLifetime lifetime, int maximumStreams = StreamGate.UsualMaximum)
{
    /// <summary>As many watchers as people and programs have open at a busy time.</summary>
    public const int UsualMaximum = 256;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);

    private readonly int _ofCaller = Math.Max(1, maximumStreams / 2);

    // Of those alone that have any.
    private readonly ConcurrentDictionary<string, int> _callers = new(StringComparer.Ordinal);
    private int _streams;

    /// <summary>Runs a stream until it ends, its caller leaves or the process stops.</summary>
    public async Task RunAsync(ServerCallContext context, Func<CancellationToken, Task> stream)
    {
        var caller = context.Caller();
        if (caller.Roles.Contains(Role.Service))
        {
            await RunUntilStopAsync(context, stream);
            return;
        }
        Enter(caller.Subject);
        try
        {
            await RunUntilStopAsync(context, stream);
        }
        finally
        {
            Leave(caller.Subject);
        }
    }

    private async Task RunUntilStopAsync(ServerCallContext context, Func<CancellationToken, Task> stream)
    {
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
            await stream(stop.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new PlatformException(StatusCode.Unavailable, "STOPPING", "This instance is stopping; resume where the stream ended.") { RetryAfter = RetryAfter };
        }
    }

    private void Enter(string caller)
    {
        var (ofCaller, ofAll) = (_callers.AddOrUpdate(caller, 1, (_, count) => count + 1), Interlocked.Increment(ref _streams));
        if (ofCaller <= _ofCaller && ofAll <= maximumStreams)
            return;
        Leave(caller);
        var which = ofCaller > _ofCaller ? $"{_ofCaller} streams of yours" : $"{maximumStreams} streams";
        throw new PlatformException(StatusCode.ResourceExhausted, "TOO_MANY_WATCHES", $"{which} are open here; close one, or come back.") { RetryAfter = RetryAfter };
    }

    private void Leave(string caller)
    {
        Interlocked.Decrement(ref _streams);
        // Counted down to nothing, a caller is forgotten, unless he has just come again.
        _callers.AddOrUpdate(caller, 0, (_, count) => count - 1);
        _callers.TryRemove(KeyValuePair.Create(caller, 0));
    }
}
