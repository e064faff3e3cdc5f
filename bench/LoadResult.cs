namespace AgentPlatform.Bench;

/// <summary>What all rounds of one way and one number of callers took.</summary>
public sealed class LoadResult
{
    private readonly List<TimeSpan> _latencies = [];
    private TimeSpan _processorTime;
    private TimeSpan _elapsed;
    private bool _sorted;

    public double CallsPerSecond => _latencies.Count / _elapsed.TotalSeconds;

    /// <summary>The processor time that a call took in the process that was looked at, in microseconds.</summary>
    public double ProcessorUsPerCall => _processorTime.TotalMicroseconds / _latencies.Count;

    public void AddProcessorTime(TimeSpan time) => _processorTime += time;

    public void Add(IEnumerable<TimeSpan> latencies, TimeSpan elapsed)
    {
        _latencies.AddRange(latencies);
        _elapsed += elapsed;
        _sorted = false;
    }

    /// <summary>The time, in milliseconds, within which this share of the calls was answered.</summary>
    public double PercentileMs(double share)
    {
        if (!_sorted)
            _latencies.Sort();
        _sorted = true;
        return _latencies[(int)Math.Ceiling(share * _latencies.Count) - 1].TotalMilliseconds;
    }
}
