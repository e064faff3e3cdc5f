namespace AgentPlatform.Bench.Mutate;

/// <summary>Several ways that take turns, round by round.</summary>
/// <param name="processorTime">The processor time so far of the process to be looked at.</param>
public sealed class Turns(int rounds, TimeSpan round, Func<TimeSpan> processorTime)
{
    /// <summary>A round whose result nobody sees.</summary>
    public Task WarmUpAsync(int callers, Func<Task> call) => LoadRound.RunAsync(callers, round, call, new LoadResult());

    /// <summary>All rounds of all ways; the results in the order of the ways.</summary>
    public async Task<IReadOnlyList<LoadResult>> RunAsync(int callers, params IReadOnlyList<Func<Task>> ways)
    {
        var results = ways.Select(_ => new LoadResult()).ToList();
        for (var i = 0; i < rounds; i++)
        {
            foreach (var (way, result) in ways.Zip(results))
            {
                var before = processorTime();
                await LoadRound.RunAsync(callers, round, way, result);
                result.AddProcessorTime(processorTime() - before);
            }
        }
        return results;
    }
}
