using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace AgentPlatform.Tests;

/// <summary>Writes down what one host measures, from now on: counters summed up, and gauges as they stand. Other hosts of this process have meters of the same name.</summary>
public sealed class MetricBook : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _values = [];

    /// <summary>Listens to a host's instruments of whole numbers whose names begin so.</summary>
    public MetricBook(IMeterFactory host, string prefix)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == host && instrument.Name.StartsWith(prefix, StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => _values[NameOf(instrument, tags)] = value);
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _values.AddOrUpdate(NameOf(instrument, tags), value, (_, sum) => sum + value));
        _listener.Start();
    }

    /// <summary>The values by name, which is that of the instrument and the values of its tags, with blanks between.</summary>
    public IReadOnlyDictionary<string, long> Read()
    {
        _listener.RecordObservableInstruments();
        return _values;
    }

    public void Dispose() => _listener.Dispose();

    private static string NameOf(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name;
        foreach (var tag in tags)
            name += $" {tag.Value}";
        return name;
    }
}
