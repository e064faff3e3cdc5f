namespace AgentPlatform.Bench;

/// <summary>Several ways that take turns, round by round, so that whatever else the machine does meets all of them.</summary>
/// <param name="processorTimes">The processor times so far of those that take part.</param>
public sealed class Turns(int rounds, TimeSpan round, Func<ProcessorTimes> processorTimes)
{
    /// <summary>A round whose result nobody sees.</summary>
    public Task WarmUpAsync(int callers, Func<Task> call) => WarmUpAsync(callers, LoadRound.Of(call));

    /// <summary>A round whose result nobody sees.</summary>
    public Task WarmUpAsync(int callers, Way way) => way(callers, round, new LoadResult());

    /// <summary>All rounds of all calls; the results in the order of the calls.</summary>
    public Task<IReadOnlyList<LoadResult>> RunAsync(int callers, params IEnumerable<Func<Task>> calls) => RunAsync(callers, [.. calls.Select(LoadRound.Of)]);

    /// <summary>All rounds of all ways; the results in the order of the ways.</summary>
    public async Task<IReadOnlyList<LoadResult>> RunAsync(int callers, IReadOnlyList<Way> ways)
    {
        var results = ways.Select(_ => new LoadResult()).ToList();
        for (var i = 0; i < rounds; i++)
        {
            foreach (var (way, result) in ways.Zip(results))
            {
                var before = processorTimes();
                await way(callers, round, result);
                result.AddProcessorTimes(processorTimes() - before);
            }
        }
        return results;
    }
}
