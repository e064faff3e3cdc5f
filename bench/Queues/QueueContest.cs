using System.Diagnostics;
using System.Globalization;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Queues;

/// <summary>Queues that take turns: each round has all three measures of each.</summary>
public sealed class QueueContest(Queue queue, IReadOnlyList<string> only, CalmRounds calm, QueueProcesses? processes = null)
{
    /// <summary>What can be measured.</summary>
    public static readonly string[] Measures = ["start", "create", "drain"];

    /// <summary>Calls in flight where additions are measured.</summary>
    public const int Callers = 16;

    /// <summary>Who works where draining is measured.</summary>
    public const int Workers = 16;

    /// <summary>How much there is to drain.</summary>
    public const int DrainedJobs = 10_000;

    // The peers' runtime soon is done with compiling what they do.
    private const int WarmUpRounds = 4;

    // Ours goes on for minutes on a slow machine: we wait until it has had hardly anything to compile for as many rounds, and not for ever.
    private const double HardlyAny = 0.02;
    private const int MostWarmUpRounds = 120;

    private readonly List<double> _drained = [];
    private LoadResult _start = new();
    private LoadResult _create = new();
    private ProcessorTimes _drainTimes;
    private int _warmUpRounds;

    /// <summary>The queue's name.</summary>
    public string Name => queue.Name;

    /// <summary>The middle one, in milliseconds, from creation to start.</summary>
    public double StartMedianMs => _start.PercentileMs(0.50);

    /// <summary>Additions a second.</summary>
    public double CreatesPerSecond => _create.MedianCallsPerSecond;

    /// <summary>How many a second were drained.</summary>
    public double DrainedPerSecond => LoadResult.Median(_drained);

    /// <summary>How many times as fast as another that took turns with it: additions, and what is drained, by the middle one of the ratios of neighbouring rounds.</summary>
    public (double Creates, double Drained) RatiosTo(QueueContest other) =>
        (_create.RatioTo(other._create), LoadResult.Median([.. _drained.Zip(other._drained, (own, theirs) => own / theirs)]));

    /// <summary>Runs all rounds of all; before the first, each has warmed up.</summary>
    public static async Task RunAsync(IReadOnlyList<QueueContest> contests, int rounds, TimeSpan round)
    {
        foreach (var contest in contests)
            await contest.WarmUpAsync(round);
        for (var i = 0; i < rounds; i++)
        {
            foreach (var contest in contests)
                await contest.RunAsync(round, counts: true);
        }
    }

    /// <summary>Says for how long it has warmed up.</summary>
    public void ExplainWarmUp() => Terminal.Out.MarkupLineInterpolated(
        $"{Name}: {_warmUpRounds} rounds to warm up{(_warmUpRounds < MostWarmUpRounds ? "" : ", and the runtime still compiled")}.");

    /// <summary>A table for rows of contests.</summary>
    public static Table NewTable() => Terminal.NewTable("queue", "create to start, p50 ms", "p99 ms", $"creates/s, {Callers} in flight", "p99 ms", $"drained/s, {Workers} workers");

    /// <summary>Says under which conditions all of them were measured.</summary>
    public static void Explain(int rounds, TimeSpan round, int connections) => Terminal.Out.MarkupLineInterpolated(
        $"{rounds} rounds of {round.TotalSeconds} s, medians, on {Environment.ProcessorCount} cores shared by all; {connections} connections; Postgres with fsync on; {DrainedJobs:N0} jobs to drain.");

    public void AddTo(Table table) => table.AddRow(Name, Text(StartMedianMs, "F2"), Text(_start.PercentileMs(0.99), "F2"), Text(CreatesPerSecond, "F0"),
        Text(_create.PercentileMs(0.99), "F2"), Text(DrainedPerSecond, "F0"));

    /// <summary>Where the processor time of each measure went, in microseconds of each; for those whose parts are known.</summary>
    public void AddCostsTo(Table table)
    {
        AddCost("create to start, and its end", _start.CallersUsPerCall, _start.GatewayUsPerCall, _start.ServiceUsPerCall, _start.DatabaseUsPerCall);
        AddCost("create", _create.CallersUsPerCall, _create.GatewayUsPerCall, _create.ServiceUsPerCall, _create.DatabaseUsPerCall);
        AddCost("drain", OfDrained(_drainTimes.Callers), OfDrained(_drainTimes.Gateway), OfDrained(_drainTimes.Service), OfDrained(_drainTimes.Database));

        void AddCost(string what, params ReadOnlySpan<double> parts) => table.AddRow([what, .. parts.ToArray().Select(p => Text(p, "F0"))]);
        double OfDrained(TimeSpan time) => time.TotalMicroseconds / (_drained.Count * DrainedJobs);
    }

    private async Task WarmUpAsync(TimeSpan round)
    {
        var isSeen = processes is null;
        for (var quiet = 0; quiet < WarmUpRounds && _warmUpRounds < MostWarmUpRounds; _warmUpRounds++)
        {
            var (startedAt, before) = (Stopwatch.GetTimestamp(), processes?.Compiling());
            await RunAsync(round, counts: false);
            var after = processes?.Compiling();
            isSeen |= after > TimeSpan.Zero;
            // Before it begins it waits until nothing new has been called for a moment: that is no quiet yet.
            quiet = processes is null || isSeen && after - before <= HardlyAny * Stopwatch.GetElapsedTime(startedAt) ? quiet + 1 : 0;
        }
        if (!isSeen)
            throw new InvalidOperationException("nothing seems to be compiled: has the runtime given that thread another name?");
        Forget();
    }

    private async Task RunAsync(TimeSpan round, bool counts)
    {
        if (only.Contains("start"))
            _start.Add(await CalmlyAsync(() => LoadAsync(queue.Start, 1, round), counts));
        if (only.Contains("create"))
            _create.Add(await CalmlyAsync(() => LoadAsync(queue.Create, Callers, round), counts));
        if (only.Contains("drain"))
        {
            var (took, times) = await CalmlyAsync(() => TimedAsync(queue.DrainAsync), counts);
            _drained.Add(DrainedJobs / took.TotalSeconds);
            _drainTimes += times;
        }
    }

    private Task<T> CalmlyAsync<T>(Func<Task<T>> measure, bool counts) => counts ? calm.RunAsync(measure) : measure();

    private async Task<LoadResult> LoadAsync(Way way, int callers, TimeSpan round)
    {
        var result = new LoadResult();
        var (_, times) = await TimedAsync(async () => { await way(callers, round, result); return round; });
        result.AddProcessorTimes(times);
        return result;
    }

    private async Task<(TimeSpan Took, ProcessorTimes Times)> TimedAsync(Func<Task<TimeSpan>> measure)
    {
        var before = processes?.Times();
        var took = await measure();
        return (took, processes is null ? default : processes.Times() - before!.Value);
    }

    private void Forget()
    {
        (_start, _create, _drainTimes) = (new LoadResult(), new LoadResult(), default);
        _drained.Clear();
    }

    private static string Text(double number, string format) => !double.IsFinite(number) ? "–" : number.ToString(format, CultureInfo.InvariantCulture);
}
