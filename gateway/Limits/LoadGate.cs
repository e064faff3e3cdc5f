using System.Diagnostics.Metrics;
using Grpc.Core;

namespace AgentPlatform.Gateway;

/// <summary>
/// Counts what is in progress, and refuses what is too much. Streams are counted apart, since thousands of them rest for hours: they must not take the places of
/// calls, and calls not theirs.
/// </summary>
public sealed class LoadGate
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly LoadSettings _settings;
    private readonly Counter<long> _shed;
    private int _calls;
    private int _streams;
    private long _heldBytes;

    public LoadGate(LoadSettings settings, IMeterFactory meters)
    {
        _settings = settings;
        var meter = meters.Create(Telemetry.MeterName);
        _shed = meter.CreateCounter<long>("agentplatform.gateway.shed", "{call}", "Calls that were refused because too much was in progress.");
        meter.CreateObservableGauge("agentplatform.gateway.calls", () => Volatile.Read(ref _calls), "{call}", "Calls in progress.");
        meter.CreateObservableGauge("agentplatform.gateway.body_bytes", () => Volatile.Read(ref _heldBytes), "By", "Bodies of calls in progress that are kept here.");
        meter.CreateObservableGauge("agentplatform.gateway.streams", () => Volatile.Read(ref _streams), "{stream}", "Streams that are open, and calls that wait.");
    }

    /// <summary>Takes a place; null when there is none. Dispose of it to give it back.</summary>
    public LoadPlace? TryEnter() => TryTake(ref _calls, _settings.Calls) ? new LoadPlace(this) : Shed();

    /// <summary>The same for what is known to be a stream from the start: it takes no place of a call, not even for a moment.</summary>
    public LoadPlace? TryEnterAsStream() => TryTakeStream() ? new LoadPlace(this, isStream: true) : null;

    /// <summary>The refusal of what finds no place.</summary>
    public static PlatformException Refusal() =>
        new(StatusCode.Unavailable, "OVERLOADED", "Too much is in progress here; nothing was done. Come back in a moment.") { RetryAfter = RetryAfter };

    internal bool TryTakeStream() => TryTake(ref _streams, _settings.Streams) || Shed() is not null;

    internal bool TryHold(int bytes)
    {
        if (Interlocked.Add(ref _heldBytes, bytes) <= _settings.BodyBytes)
            return true;
        Interlocked.Add(ref _heldBytes, -bytes);
        return Shed() is not null;
    }

    internal void GiveBack(bool isStream, int heldBytes)
    {
        Interlocked.Add(ref _heldBytes, -heldBytes);
        if (isStream)
            Interlocked.Decrement(ref _streams);
        else
            Interlocked.Decrement(ref _calls);
    }

    private static bool TryTake(ref int taken, int places)
    {
        if (Interlocked.Increment(ref taken) <= places)
            return true;
        Interlocked.Decrement(ref taken);
        return false;
    }

    private LoadPlace? Shed()
    {
        _shed.Add(1);
        return null;
    }
}
