using System.CommandLine;
using AgentPlatform.Bench.Node;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Queues;

/// <summary>What it costs to give agents work: Registry's queue, whole and through the gateway, beside what people queue work with today.</summary>
public static class DispatchBenchmark
{
    private const double StartGoalMs = 2.5;
    private const double CreateGoal = 5_000;
    private const double DrainGoal = 10_000;

    // What graphile-worker did, without a gateway, on the machine for which the goals were set.
    private const double KnownStartMs = 2.9;
    private const double KnownCreates = 1_600;
    private const double KnownDrained = 4_200;

    public static Command NewCommand()
    {
        var (seconds, rounds) = (TurnOptions.NewSeconds(), TurnOptions.NewRounds());
        var alone = new Option<bool>("--alone") { Description = "Without the peers from npm" };
        var only = new Option<string[]>("--only") { HelpName = "MEASURE", Description = "This one of start, create and drain; again for another. Unless given: all three", DefaultValueFactory = _ => QueueContest.Measures };
        only.AcceptOnlyFromAmong(QueueContest.Measures);
        var command = new Command("dispatch", "Tasks from their creation to the agent that holds them, creates a second, draining; beside graphile-worker, pg-boss and BullMQ. Starts its own servers.")
        {
            alone, only, seconds, rounds,
        };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(alone), parsed.GetValue(only)!, parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds))));
        return command;
    }

    private static async Task<int> RunAsync(bool alone, string[] only, int rounds, TimeSpan round)
    {
        await using var platform = await BenchPlatform.StartAsync();
        var registry = await platform.StartRegistryAsync();
        var gateway = await platform.StartGatewayAsync("registry", registry);
        using var tasks = await TaskQueue.OpenAsync(platform, gateway.GrpcAddress);
        await using var peers = alone ? null : await StartPeersAsync(platform);

        var calm = new CalmRounds();
        var processes = new QueueProcesses(() => platform.TimesOf(registry, gateway), () => BenchPlatform.CompilerTimeOf(registry, gateway));
        var own = new QueueContest(tasks.Queue("agent tasks, through the gateway"), only, calm, processes);
        List<QueueContest> contests = [own, .. (peers?.Queues ?? []).Select(q => new QueueContest(q, only, calm))];
        await QueueContest.RunAsync(contests, rounds, round);
        await platform.StartAuditAsync("registry");
        var audited = new QueueContest(tasks.Queue("agent tasks, while the relay feeds Audit"), only, calm);
        await QueueContest.RunAsync([audited], rounds, round);

        var table = QueueContest.NewTable();
        foreach (var contest in contests.Append(audited))
            contest.AddTo(table);
        QueueContest.Explain(rounds, round, PeerQueues.Connections);
        Terminal.Out.MarkupLine("Each create of an agent task has a key and leaves an audit entry, as does each end; draining ends when the last end is acknowledged. Audit is away but for the last row, for which it has caught up.");
        Terminal.Out.Write(table);
        var costs = Terminal.NewTable("CPU µs each", "caller and agents", "gateway", "service", "Postgres");
        own.AddCostsTo(costs);
        Terminal.Out.Write(costs);
        own.ExplainWarmUp();
        calm.Explain();
        Goal.Show(
        [
            new Goal("create to start, median ms", own.StartMedianMs, StartGoalMs, IsCeiling: true),
            new Goal("creates a second", own.CreatesPerSecond, CreateGoal),
            new Goal("drained a second", own.DrainedPerSecond, DrainGoal),
        ]);
        if (contests.Find(c => c.Name == PeerQueues.GraphileWorker) is { } graphile)
            ShowRatios(own, graphile);
        return ExitCode.Ok;
    }

    // The same goals in a unit that a slow machine changes less: as multiples of what graphile-worker does in the same run, and did where they were set.
    private static void ShowRatios(QueueContest own, QueueContest graphile)
    {
        var (creates, drained) = own.RatiosTo(graphile);
        Goal.Show(
        [
            new Goal("create to start, of graphile-worker's median", own.StartMedianMs / graphile.StartMedianMs, StartGoalMs / KnownStartMs, IsCeiling: true),
            new Goal("creates, times graphile-worker's", creates, CreateGoal / KnownCreates),
            new Goal("drained, times graphile-worker's", drained, DrainGoal / KnownDrained),
        ]);
    }

    private static async Task<PeerQueues?> StartPeersAsync(BenchPlatform platform)
    {
        if (await NodeModules.Peers.InstallAsync() is not { } missing)
            return await PeerQueues.StartAsync(platform);
        Terminal.Out.MarkupLineInterpolated($"Without peers: {missing}");
        return null;
    }
}
