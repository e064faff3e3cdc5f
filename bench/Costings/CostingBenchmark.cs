using System.CommandLine;
using System.Globalization;
using AgentPlatform.Bench.ByHand;
using AgentPlatform.Bench.Sessions;
using AgentPlatform.Cli;
using Grpc.Net.Client;
using Spectre.Console;

namespace AgentPlatform.Bench.Costings;

/// <summary>
/// What proposals, reservations and counted usage cost, against the same durable effect by hand. Every reservation and every usage changes the same two
/// budgets: one of the agent and one of all.
/// </summary>
public static class CostingBenchmark
{
    // What the service gives an agent's calls; by hand gets as many.
    private const int Connections = 6;
    // The runtime goes on compiling a service for many seconds under load.
    private const int WarmUpRounds = 4;
    private const int MostCallers = 64;
    private const double HandGoal = 0.7;

    public static Command NewCommand()
    {
        var (seconds, rounds) = (TurnOptions.NewSeconds(), TurnOptions.NewRounds());
        var callers = new Option<int[]>("--callers") { HelpName = "NUMBER", Description = "How many calls are under way at once; repeatable", DefaultValueFactory = _ => [1, 16, MostCallers] };
        var only = new Option<string[]>("--only") { HelpName = "CALL", Description = "Only these calls, such as ReserveSpend; repeatable", DefaultValueFactory = _ => [] };
        var command = new Command("costing", "Proposals of costings, reservations and usage on shared budgets, against the same by hand. Starts its own servers.") { seconds, rounds, callers, only };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(callers)!, parsed.GetValue(only)!));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, TimeSpan round, int[] callersAtOnce, string[] only)
    {
        await using var platform = await BenchPlatform.StartAsync();
        var service = await platform.StartCostingAsync();
        using var channel = GrpcChannel.ForAddress(service.GrpcAddress);
        var budgets = await CostingCalls.SeedAsync(channel, platform.SuperuserToken(), CostingCalls.AgentId);
        var calls = new CostingCalls(channel, platform.AgentToken(CostingCalls.AgentId));
        var crowd = Enumerable.Range(0, MostCallers).Select(i => new CostingCalls(channel, platform.AgentToken($"{CostingCalls.AgentId}-{i}"))).ToArray();
        await HandWritten.PrepareAsync(platform.Admin);
        await HandWrittenCostings.PrepareAsync(platform.Admin);
        await using var hand = new HandWritten(platform.Admin, Connections, TimeProvider.System);

        var contests = (await ContestsOfAsync(calls, crowd, new HandWrittenCostings(hand), budgets))
            .Where(c => only.Length == 0 || only.Contains(c.Name, StringComparer.OrdinalIgnoreCase)).ToList();
        var turns = new Turns(rounds, round, () => platform.TimesOf(service));
        foreach (var contest in Enumerable.Repeat(contests, WarmUpRounds).SelectMany(c => c))
            foreach (var call in new[] { contest.Service, contest.Hand })
                await turns.WarmUpAsync(MostCallers, call);

        var table = Terminal.NewTable("call", "callers", "who", "calls/s", "p50 ms", "p99 ms", "service is", "CPU µs: caller", "service", "Postgres");
        var goals = new List<Goal>();
        foreach (var contest in contests)
        {
            foreach (var callers in callersAtOnce)
            {
                var results = await turns.RunAsync(callers, contest.Service, contest.Hand);
                var ratio = results[0].RatioTo(results[1]);
                table.AddRow([contest.Name, Text(callers, "F0"), "service", .. Figures(results[0], "")]);
                table.AddRow(["", Text(callers, "F0"), "by hand", .. Figures(results[1], $"× {Text(ratio, "F2")}")]);
                if (callers == MostCallers)
                    goals.Add(new Goal($"{contest.Name} at {callers} callers, to by hand", ratio, HandGoal));
            }
        }
        Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"As an agent; each over {Connections} connections; {rounds} rounds of {round.TotalSeconds} s each way, medians, on {Environment.ProcessorCount} cores shared by all with Redis and Postgres (fsync on). Every call has a key."));
        Terminal.Out.Write(table);
        Goal.Show(goals);
        return ExitCode.Ok;
    }

    private static async Task<IReadOnlyList<Contest>> ContestsOfAsync(CostingCalls calls, CostingCalls[] crowd, HandWrittenCostings hand, Guid[] budgets)
    {
        var (proposal, reservation, usage) = (await calls.ProposeAsync(), await calls.ReserveAsync(), await calls.RecordAsync());
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        return
        [
            new("ProposeCosting", () => hand.ProposeAsync(CostingCalls.Proposal(), today, proposal, CostingCalls.NewKey()), calls.ProposeAsync),
            new("ReserveSpend", () => hand.ReserveAsync(CostingCalls.Reservation, budgets, reservation, CostingCalls.NewKey()), calls.ReserveAsync),
            // Another agent each time: they share the budget of all, and no transaction.
            new("ReserveSpend of 64 agents", () => hand.ReserveAsync(CostingCalls.Reservation, budgets[1..], reservation, CostingCalls.NewKey()), () => crowd[Random.Shared.Next(crowd.Length)].ReserveAsync()),
            new("RecordUsage", () => hand.RecordAsync(CostingCalls.Usage, budgets, today, usage, CostingCalls.NewKey()), calls.RecordAsync),
        ];
    }

    private static string[] Figures(LoadResult result, string ratio) =>
    [
        Text(result.MedianCallsPerSecond, "F0"), Text(result.PercentileMs(0.50), "F2"), Text(result.PercentileMs(0.99), "F2"), ratio,
        Text(result.CallersUsPerCall, "F0"), Text(result.ServiceUsPerCall, "F0"), Text(result.DatabaseUsPerCall, "F0"),
    ];

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
