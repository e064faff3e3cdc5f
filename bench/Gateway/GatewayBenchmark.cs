using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Gateway;

/// <summary>
/// What the way through the gateway costs: a read of one session direct at the service, through the gateway with and without its rate limit, through haproxy, which checks as the gateway
/// does or nothing, through nginx, which checks nothing, and by REST.
/// </summary>
public static class GatewayBenchmark
{
    private const int MostCallers = 256;
    private const int MostConnections = 64;
    private const int ManyCallers = 32;
    private const double ThroughputGoal = 1;
    private const double AddedGoal = 1.5;
    private const double RestGoal = 0.5;

    private static readonly (string Name, string Whose)[] Peers =
    [
        (Contestants.Haproxy, "haproxy's"),
        (Contestants.HaproxyVerifies, "haproxy's, which verifies each call's token and counts"),
        (Contestants.HaproxyRemembers, "haproxy's, which remembers tokens and counts"),
    ];

    // The runtime goes on compiling a gateway for many seconds under load.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(12);

    public static Command NewCommand()
    {
        var (seconds, rounds) = (TurnOptions.NewSeconds(), TurnOptions.NewRounds());
        var only = new Option<string[]>("--only")
        {
            HelpName = "WAY",
            Description = $"Only this one of {string.Join(", ", Contestants.Names)}, beside the calls direct to the service; again for another. Unless given: all",
            DefaultValueFactory = _ => Contestants.Names,
        };
        only.AcceptOnlyFromAmong(Contestants.Names);
        var callers = new Option<int[]>("--callers")
        {
            HelpName = "NUMBER",
            Description = "How many calls are under way at once; repeatable",
            DefaultValueFactory = _ => [1, ManyCallers, MostCallers],
        };
        callers.Validators.Add(given =>
        {
            if (given.GetValue(callers)!.Any(c => c is not (>= 1 and <= MostCallers)))
                given.AddError($"--callers must be 1 to {MostCallers}.");
        });
        var connections = new Option<int>("--connections")
        {
            HelpName = "NUMBER",
            Description = "Over how many connections, each with a token of its own, the callers are spread",
            DefaultValueFactory = _ => 8,
        };
        connections.Validators.Add(given =>
        {
            if (given.GetValue(connections) is not (>= 1 and <= MostConnections))
                given.AddError($"--connections must be 1 to {MostConnections}.");
        });
        var command = new Command("gateway", "Unary calls through the gateway, against the same calls direct, through haproxy and nginx, and by REST. Starts its own servers.")
        {
            only, callers, connections, seconds, rounds,
        };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(callers)!,
            parsed.GetValue(connections), parsed.GetValue(only)!));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, TimeSpan round, int[] callersAtOnce, int connections, string[] only)
    {
        await using var contestants = await Contestants.StartAsync(only, connections);
        // Each contestant's own part is on its own result.
        var turns = new Turns(rounds, round, () => default);
        for (var passed = TimeSpan.Zero; passed < WarmUp; passed += round)
            foreach (var contestant in contestants.All)
                if (contestant.IsCompiledAsItRuns || passed == TimeSpan.Zero)
                    await turns.WarmUpAsync(ManyCallers, contestant.Way);

        var table = Terminal.NewTable("callers", "way", "calls/s", "of direct", "p50 ms", "p99 ms", "added ms", "CPU µs: caller", "between", "service", "Postgres");
        var goals = new List<Goal>();
        foreach (var callers in callersAtOnce)
        {
            var results = await turns.RunAsync(callers, [.. contestants.All.Select(c => c.Way)]);
            var byName = contestants.All.Zip(results).ToDictionary(r => r.First.Name, r => r.Second);
            foreach (var (name, result) in byName)
                AddRow(table, callers, name, result, byName[Contestants.Direct]);
            goals.AddRange(GoalsOf(callers, byName));
        }
        Terminal.Out.MarkupLineInterpolated(
            $"GetSession as an operator, over {connections} connections with a token each; {rounds} rounds of {round.TotalSeconds} s each way, medians, on {Environment.ProcessorCount} cores shared by all with Redis and Postgres.");
        Terminal.Out.Write(table);
        Goal.Show(goals);
        return ExitCode.Ok;
    }

    private static IEnumerable<Goal> GoalsOf(int callers, Dictionary<string, LoadResult> results)
    {
        var direct = results[Contestants.Direct];
        if (!results.TryGetValue(Contestants.Gateway, out var gateway))
            yield break;
        foreach (var (name, whose) in Peers)
            if (results.TryGetValue(name, out var peer))
                yield return callers == 1
                    ? new Goal($"added median at one caller, times {whose}", AddedMs(gateway, direct) / AddedMs(peer, direct), AddedGoal, IsCeiling: true)
                    : new Goal($"calls/s at {callers} callers, to {whose}", gateway.RatioTo(peer), ThroughputGoal);
        if (results.TryGetValue(Contestants.Rest, out var rest))
            yield return new Goal($"calls/s by REST at {callers} callers, to gRPC's", rest.RatioTo(gateway), RestGoal);
    }

    private static double AddedMs(LoadResult result, LoadResult direct) => result.PercentileMs(0.50) - direct.PercentileMs(0.50);

    private static void AddRow(Table table, int callers, string name, LoadResult result, LoadResult direct) => table.AddRow(
        Text(callers, "F0"), name, Text(result.MedianCallsPerSecond, "F0"), name == Contestants.Direct ? "" : $"× {Text(result.RatioTo(direct), "F2")}",
        Text(result.PercentileMs(0.50), "F3"), Text(result.PercentileMs(0.99), "F2"), name == Contestants.Direct ? "" : Text(AddedMs(result, direct), "F3"),
        Text(result.CallersUsPerCall, "F0"), Text(result.GatewayUsPerCall, "F0"), Text(result.ServiceUsPerCall, "F0"), Text(result.DatabaseUsPerCall, "F0"));

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
