using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Grpc.Core;

namespace AgentPlatform.Audit;

/// <summary>
/// Where appends of all callers wait for <see cref="ChainWriter"/>, which takes what has gathered while it wrote the batch before. Bounded:
/// when more comes than can be written, callers are told to come back, and nothing of theirs is kept.
/// </summary>
public sealed class AppendQueue
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);

    private readonly Channel<PendingAppend> _channel = Channel.CreateUnbounded<PendingAppend>();
    private readonly int _limit;
    private readonly Counter<long> _refusals;
    private int _waiting;

    public AppendQueue(AuditSettings settings, IMeterFactory meters)
    {
        _limit = settings.QueueEntries;
        var meter = meters.Create(Telemetry.MeterName);
        meter.CreateObservableGauge("agentplatform.audit.queue", () => Volatile.Read(ref _waiting), "{entry}", "Entries that wait to be written.");
        _refusals = meter.CreateCounter<long>("agentplatform.audit.refusals", "{call}", "Calls refused because the queue was full.");
    }

    /// <summary>What waits; it ends when the process stops.</summary>
    public ChannelReader<PendingAppend> Reader => _channel.Reader;

    /// <summary>
    /// Gives back how many of the entries were new once all are durable. A caller that stops waiting may find them written nonetheless.
    /// </summary>
    public async Task<int> AppendAsync(IReadOnlyList<AuditRecord> entries, CancellationToken cancellation)
    {
        var append = new PendingAppend(entries);
        if (Interlocked.Add(ref _waiting, entries.Count) > _limit)
        {
            Interlocked.Add(ref _waiting, -entries.Count);
            _refusals.Add(1);
            throw new PlatformException(StatusCode.ResourceExhausted, "AUDIT_QUEUE_FULL", "More entries come than can be written; send them again.") { RetryAfter = RetryAfter };
        }
        if (!_channel.Writer.TryWrite(append))
            throw Stopping();
        return await append.Appended.WaitAsync(cancellation);
    }

    /// <summary>These are done with, one way or the other.</summary>
    public void Leave(IEnumerable<PendingAppend> appends) => Interlocked.Add(ref _waiting, -appends.Sum(a => a.Entries.Count));

    /// <summary>Takes no more.</summary>
    public void Close() => _channel.Writer.TryComplete();

    private static PlatformException Stopping() =>
        new(StatusCode.Unavailable, "STOPPING", "This instance is stopping; another one takes the call.") { RetryAfter = RetryAfter };
}
