using System.Diagnostics;

namespace AgentPlatform.Bench;

/// <summary>A number of callers, each with one call under way at a time, for a while.</summary>
public static class LoadRound
{
    /// <summary>Calls until the time is up; a call that fails ends the round with its exception.</summary>
    public static Task RunAsync(int callers, TimeSpan duration, Func<Task> call, LoadResult result) => RunAsync(callers, duration, _ => call(), result);

    /// <summary>The same, of calls that know the number of their caller, from 0.</summary>
    public static async Task RunAsync(int callers, TimeSpan duration, Func<int, Task> call, LoadResult result)
    {
        var started = Stopwatch.GetTimestamp();
        var each = await Task.WhenAll(Enumerable.Range(0, callers).Select(number => Task.Run(async () =>
        {
            var latencies = new List<TimeSpan>();
            while (Stopwatch.GetElapsedTime(started) < duration)
            {
                var before = Stopwatch.GetTimestamp();
                await call(number);
                latencies.Add(Stopwatch.GetElapsedTime(before));
            }
            return latencies;
        })));
        result.Add([.. each.SelectMany(l => l)], Stopwatch.GetElapsedTime(started));
    }

    /// <summary>A call of this process as a way.</summary>
    public static Way Of(Func<Task> call) => (callers, round, result) => RunAsync(callers, round, call, result);
}
