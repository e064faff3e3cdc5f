using System.Diagnostics;

namespace AgentPlatform.Bench;

/// <summary>So many calls a second for a while, whether those before have been answered or not: as callers come who know nothing of each other.</summary>
public static class PacedRound
{
    // A gateway takes 1,000 at a time. Beyond that callers are held back; what that costs them counts all the same.
    private const int InFlightMaximum = 900;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>Each call's latency counts from the moment at which it was due, so that a platform that falls behind cannot hide it.</summary>
    public static async Task RunAsync(double callsPerSecond, TimeSpan duration, Func<Task> call, LoadResult result)
    {
        var latencies = new TimeSpan[(int)(callsPerSecond * duration.TotalSeconds)];
        var calls = new Task[latencies.Length];
        using var room = new SemaphoreSlim(InFlightMaximum);
        var started = Stopwatch.GetTimestamp();
        for (var next = 0; next < calls.Length;)
        {
            for (var due = (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * callsPerSecond); next < calls.Length && next <= due; next++)
            {
                await room.WaitAsync();
                calls[next] = MeasureAsync(next);
            }
            await Task.Delay(Tick, TimeProvider.System);
        }
        await Task.WhenAll(calls);
        result.Add(latencies, Stopwatch.GetElapsedTime(started));

        async Task MeasureAsync(int number)
        {
            try { await call(); }
            finally { room.Release(); }
            latencies[number] = Stopwatch.GetElapsedTime(started) - TimeSpan.FromSeconds(number / callsPerSecond);
        }
    }
}
