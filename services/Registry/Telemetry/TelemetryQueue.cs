using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>
/// Where points of all callers wait for <see cref="TelemetryWriter"/>, which takes what has gathered while it wrote the batch before. Bounded: when more
/// comes than can be written, callers are told to come back, and nothing of theirs is kept.
/// </summary>
public sealed class TelemetryQueue
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);

    private readonly Channel<PendingPoints> _channel = Channel.CreateUnbounded<PendingPoints>(new UnboundedChannelOptions { SingleReader = true });
    private readonly int _limit;
    private readonly Counter<long> _refusals;
    private int _waiting;

    public TelemetryQueue(TelemetrySettings settings, IMeterFactory meters)
    {
        _limit = settings.QueuePoints;
        var meter = meters.Create(Telemetry.MeterName);
        meter.CreateObservableGauge("agentplatform.telemetry.queue", () => Volatile.Read(ref _waiting), "{point}", "Points that wait to be written.");
        _refusals = meter.CreateCounter<long>("agentplatform.telemetry.refusals", "{call}", "Calls refused because the queue was full.");
    }

    /// <summary>What waits; it ends when the process stops.</summary>
    public ChannelReader<PendingPoints> Reader => _channel.Reader;

    /// <summary>Waits until all of the points are durable. A caller that stops waiting may find them written nonetheless.</summary>
    public async Task<TelemetryCounts> AppendAsync(IReadOnlyList<TelemetryRecord> points, CancellationToken cancellation)
    {
        var pending = new PendingPoints(points);
        if (Interlocked.Add(ref _waiting, points.Count) > _limit)
        {
            Interlocked.Add(ref _waiting, -points.Count);
            _refusals.Add(1);
            throw new PlatformException(StatusCode.ResourceExhausted, "TELEMETRY_QUEUE_FULL", "More points come than can be written; send them again.") { RetryAfter = RetryAfter };
        }
        if (!_channel.Writer.TryWrite(pending))
        {
            Interlocked.Add(ref _waiting, -points.Count);
            throw new PlatformException(StatusCode.Unavailable, "STOPPING", "This instance is stopping; another one takes the call.") { RetryAfter = RetryAfter };
        }
        return await pending.Written.WaitAsync(cancellation);
    }

    /// <summary>These are done with, one way or the other.</summary>
    public void Leave(IEnumerable<PendingPoints> done) => Interlocked.Add(ref _waiting, -done.Sum(p => p.Points.Count));

    /// <summary>Takes no more.</summary>
    public void Close() => _channel.Writer.TryComplete();
}
