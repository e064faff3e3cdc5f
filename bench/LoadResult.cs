namespace AgentPlatform.Bench;

/// <summary>What all rounds of one way and one number of callers took.</summary>
public sealed class LoadResult
{
    private readonly List<TimeSpan> _latencies = [];
    private readonly List<double> _rates = [];
    private TimeSpan _elapsed;
    private ProcessorTimes _processorTimes;
    private bool _sorted;

    /// <summary>Over all rounds.</summary>
    public double CallsPerSecond => _latencies.Count / _elapsed.TotalSeconds;

    /// <summary>The middle one of the rounds' rates.</summary>
    public double MedianCallsPerSecond => Median(_rates);

    /// <summary>The processor time that a call took where it was made, in microseconds.</summary>
    public double CallersUsPerCall => UsPerCall(_processorTimes.Callers);

    /// <summary>The processor time that a call took in the service, in microseconds.</summary>
    public double ServiceUsPerCall => UsPerCall(_processorTimes.Service);

    /// <summary>The processor time that a call took in Postgres, in microseconds.</summary>
    public double DatabaseUsPerCall => UsPerCall(_processorTimes.Database);

    /// <summary>The processor time that a call took in the gateway, in microseconds.</summary>
    public double GatewayUsPerCall => UsPerCall(_processorTimes.Gateway);

    public void AddProcessorTimes(ProcessorTimes times) => _processorTimes += times;

    /// <summary>Adds a round.</summary>
    public void Add(IReadOnlyCollection<TimeSpan> latencies, TimeSpan elapsed)
    {
        _latencies.AddRange(latencies);
        _rates.Add(latencies.Count / elapsed.TotalSeconds);
        _elapsed += elapsed;
        _sorted = false;
    }

    /// <summary>Adds another's rounds.</summary>
    public void Add(LoadResult other)
    {
        _latencies.AddRange(other._latencies);
        _rates.AddRange(other._rates);
        _elapsed += other._elapsed;
        _processorTimes += other._processorTimes;
        _sorted = false;
    }

    /// <summary>
    /// How many times as fast as another that took turns with it: the middle one of the ratios between a round and the other's next to it, so that
    /// neither a slow moment nor a slow minute of the machine counts.
    /// </summary>
    public double RatioTo(LoadResult other) => Median([.. _rates.Zip(other._rates, (own, theirs) => own / theirs)]);

    /// <summary>The time, in milliseconds, within which this share of the calls was answered; no number when there was none.</summary>
    public double PercentileMs(double share)
    {
        if (_latencies.Count == 0)
            return double.NaN;
        if (!_sorted)
            _latencies.Sort();
        _sorted = true;
        return _latencies[(int)Math.Ceiling(share * _latencies.Count) - 1].TotalMilliseconds;
    }

    /// <summary>The middle one, or the mean of the two in the middle; no number when there is none.</summary>
    public static double Median(IReadOnlyCollection<double> numbers)
    {
        if (numbers.Count == 0)
            return double.NaN;
        var sorted = numbers.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private double UsPerCall(TimeSpan time) => time.TotalMicroseconds / _latencies.Count;
}
