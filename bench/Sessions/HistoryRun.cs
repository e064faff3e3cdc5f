using System.Globalization;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Sessions;

/// <summary>Whether reading a session stays as fast as its history grows.</summary>
public static class HistoryRun
{
    private const int Callers = 16;
    // The same work measured twice differs by some per cent here; a read that looked at the history would take a hundred times as long.
    private const double Flat = 0.85;
    private static readonly int[] Histories = [100, 10_000, 100_000];

    /// <summary>Reads sessions with more and more events, and shows how long that takes; gives back the goals.</summary>
    public static async Task<IReadOnlyList<Goal>> RunAsync(SessionCalls calls, Turns turns)
    {
        var sessions = new List<Guid>();
        foreach (var events in Histories)
            sessions.Add(await calls.SeedAsync(events));

        var table = Terminal.NewTable(
            ["read of a session", .. Histories.Select(h => string.Create(CultureInfo.InvariantCulture, $"{h:N0} events, calls/s")), "last to first"]);
        var goals = new List<Goal>();
        foreach (var (name, read) in new (string, Func<Guid, Task>)[]
        {
            ("GetSession", calls.GetSessionAsync), ("GetContext", calls.GetContextAsync), ("FetchStatus", calls.FetchStatusAsync),
            ("ListEvents, the last ten", calls.ListLastEventsAsync),
        })
        {
            await turns.WarmUpAsync(Callers, () => read(sessions[^1]));
            var results = await turns.RunAsync(Callers, sessions.Select<Guid, Func<Task>>(session => () => read(session)));
            var goal = new Goal($"{name} with {Histories[^1]:N0} events, to {Histories[0]}", results[^1].RatioTo(results[0]), Flat);
            goals.Add(goal);
            table.AddRow([name, .. results.Select(r => r.MedianCallsPerSecond.ToString("F0", CultureInfo.InvariantCulture)), goal.Measured.ToString("F2", CultureInfo.InvariantCulture)]);
        }
        Terminal.Out.Write(table);
        return goals;
    }
}
