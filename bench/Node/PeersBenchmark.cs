using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Node;

/// <summary>What people queue work with today, measured in the way in which the platform's own queue is: from npm, each in Node, on one Postgres and one Redis.</summary>
public static class PeersBenchmark
{
    // As many as a service of the platform has.
    private const int Connections = 20;
    private const int Callers = 16;
    private const int Workers = 16;
    private const int DrainedJobs = 10_000;

    private static readonly (string Name, string Script, JsonObject DrainOptions)[] Peers =
    [
        ("graphile-worker", "graphile-worker.mjs", []),
        ("graphile-worker, local queue", "graphile-worker.mjs", new JsonObject { ["localQueue"] = true }),
        ("pg-boss, asked without a pause", "pg-boss.mjs", []),
        ("BullMQ (Redis, kept in memory)", "bullmq.mjs", []),
    ];

    public static Command NewCommand()
    {
        var (seconds, rounds) = (TurnOptions.NewSeconds(), TurnOptions.NewRounds());
        var command = new Command("peers", "What graphile-worker, pg-boss and BullMQ do here: create to start, creates a second, draining. Starts its own servers.") { seconds, rounds };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds))));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, TimeSpan round)
    {
        if (await NodeModules.InstallAsync() is { } missing)
            throw new CliException($"there are no peers: {missing}");
        await using var platform = await BenchPlatform.StartAsync();
        var table = Terminal.NewTable("queue", "create to start, p50 ms", "p99 ms", $"creates/s, {Callers} in flight", $"drained/s, {Workers} workers");
        foreach (var (name, script, drainOptions) in Peers)
        {
            var database = $"peer_{Array.FindIndex(Peers, p => p.Name == name)}";
            await platform.CreateDatabaseAsync(database);
            await using var peer = NodePeer.Start(script);
            await peer.AskAsync("setup", new JsonObject { ["postgres"] = platform.AddressOf(database), ["redis"] = platform.RedisPort, ["connections"] = Connections });
            var (start, create, drained) = (new LoadResult(), new LoadResult(), new List<double>());
            Way starts = peer.Load("start");
            Way creates = peer.Load("create");
            for (var i = 0; i <= rounds; i++)
            {
                // The first round warms up.
                var isCounted = i > 0;
                await starts(1, round, isCounted ? start : new LoadResult());
                await creates(Callers, round, isCounted ? create : new LoadResult());
                var rate = await DrainAsync(peer, drainOptions);
                if (isCounted)
                    drained.Add(rate);
            }
            table.AddRow(name, Text(start.PercentileMs(0.50), "F2"), Text(start.PercentileMs(0.99), "F2"), Text(create.MedianCallsPerSecond, "F0"),
                Text(LoadResult.Median(drained), "F0"));
        }
        Terminal.Out.MarkupLineInterpolated(
            $"{rounds} rounds of {round.TotalSeconds} s, medians, on {Environment.ProcessorCount} cores shared by all; {Connections} connections; Postgres with fsync on; {DrainedJobs:N0} jobs to drain.");
        Terminal.Out.Write(table);
        return ExitCode.Ok;
    }

    private static async Task<double> DrainAsync(NodePeer peer, JsonObject options)
    {
        var request = options.DeepClone().AsObject();
        (request["jobs"], request["workers"]) = (DrainedJobs, Workers);
        return DrainedJobs / TimeSpan.FromMilliseconds((double)(await peer.AskAsync("drain", request))["elapsedMs"]!).TotalSeconds;
    }

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
