using System.CommandLine;
using System.Globalization;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Fleet;

/// <summary>
/// What it costs that a fleet lives: heartbeats of 100,000 registered agents, each with a token of its own, as calls and over streams, through the gateway and at the
/// service; as many as go, and at the pace of that fleet.
/// </summary>
public static class HeartbeatBenchmark
{
    private const int Callers = 64;
    private const int WarmUpRounds = 3;
    private const int AgentsMaximum = 1_000_000;
    private const int StreamsMaximum = 5_000;
    private const double BeatsPerSecondGoal = 10_000;
    private const double AtServiceGoal = 25_000;
    private const double LatencyGoalMs = 50;
    // How often each of 1,000 agents beats in the figure of what they cost.
    private const double BeatEverySeconds = 10;

    public static Command NewCommand()
    {
        var (seconds, rounds) = (TurnOptions.NewSeconds(), TurnOptions.NewRounds());
        var agents = Number("--agents", 100_000, AgentsMaximum, "How many agents are registered");
        var streams = Number("--streams", 1_000, StreamsMaximum, "How many of them have a stream open, to the gateway and to the service each");
        var pace = Number("--pace", (int)BeatsPerSecondGoal, 100_000, "Heartbeats a second where they come at a pace");
        var command = new Command("heartbeat", "Heartbeats of 100,000 registered agents, as calls and over streams, through the gateway and at the service. Starts its own servers.")
        {
            agents, streams, pace, seconds, rounds,
        };
        command.SetAction((parsed, _) => RunAsync(
            parsed.GetValue(agents), parsed.GetValue(streams), parsed.GetValue(pace), parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds))));
        return command;
    }

    private static async Task<int> RunAsync(int agents, int streams, int pace, int rounds, TimeSpan round)
    {
        if (agents < 2 * streams)
            throw new CliException("--agents must be at least twice as many as --streams: each stream is another agent's");
        await using var platform = await BenchPlatform.StartAsync();
        await platform.StartAuditAsync("registry");
        var registry = await platform.StartRegistryAsync();
        var gateway = await platform.StartGatewayAsync("registry", registry);
        var fleet = await RegisteredFleet.SeedAsync(platform, agents);
        using var through = new HeartbeatCalls(gateway.GrpcAddress, fleet);
        using var direct = new HeartbeatCalls(registry.GrpcAddress, fleet);
        var turns = new Turns(rounds, round, () => platform.TimesOf(registry, gateway));

        Say($"{agents:N0} agents are registered");
        // With what both need for anybody, before what they keep of each agent.
        for (var i = 0; i < Callers; i++)
            await through.BeatAsync();
        var atStart = (Gateway: MemoryOf(gateway), Service: MemoryOf(registry));
        await Parallel.ForAsync(0, agents, new ParallelOptions { MaxDegreeOfParallelism = Callers }, async (_, _) => await through.BeatAsync());
        Say("all have beaten");
        var withAll = (Gateway: MemoryOf(gateway), Service: MemoryOf(registry));
        for (var i = 0; i < WarmUpRounds; i++)
            foreach (var calls in new[] { through, direct })
                await turns.WarmUpAsync(Callers, calls.BeatAsync);

        var table = Terminal.NewTable("heartbeats", "a second", "p50 ms", "p99 ms", "CPU µs each: caller", "gateway", "service", "Postgres");
        var called = await turns.RunAsync(Callers, through.BeatAsync, direct.BeatAsync);
        AddRow(table, "calls, through the gateway", called[0]);
        AddRow(table, "calls, at the service", called[1]);
        var paced = (await turns.RunAsync(1, [Paced(through.BeatAsync, pace)]))[0];
        AddRow(table, $"calls, through the gateway, {pace:N0} a second", paced);

        Say("calls are measured");
        var beforeStreams = (Gateway: MemoryOf(gateway), Service: MemoryOf(registry));
        await using var throughStreams = await HeartbeatStreams.OpenAsync(gateway.GrpcAddress, fleet, 0, streams);
        Say($"{streams:N0} streams are open through the gateway");
        var withStreams = (Gateway: MemoryOf(gateway), Service: MemoryOf(registry));
        await using var directStreams = await HeartbeatStreams.OpenAsync(registry.GrpcAddress, fleet, streams, streams);
        for (var i = 0; i < WarmUpRounds; i++)
            foreach (var beating in new[] { throughStreams, directStreams })
                await turns.WarmUpAsync(Callers, beating.BeatAsync);
        Say("all streams have beaten");
        var streamed = await turns.RunAsync(Callers, throughStreams.BeatAsync, directStreams.BeatAsync);
        AddRow(table, $"{streams:N0} streams, through the gateway", streamed[0]);
        AddRow(table, $"{streams:N0} streams, at the service", streamed[1]);
        var pacedStreams = (await turns.RunAsync(1, [Paced(throughStreams.BeatAsync, pace)]))[0];
        AddRow(table, $"{streams:N0} streams, through the gateway, {pace:N0} a second", pacedStreams);

        Terminal.Out.MarkupLineInterpolated(
            $"{agents:N0} agents, each with its own token, beat in turn; {Callers} at once, or at a pace; {rounds} rounds of {round.TotalSeconds} s, medians, on {Environment.ProcessorCount} cores shared by all with Redis and Postgres (fsync on).");
        Terminal.Out.Write(table);
        var costs = Terminal.NewTable("1,000 agents", "gateway", "service", "Postgres");
        AddMemory(costs, "memory, MiB: known by their heartbeats", atStart, withAll, agents);
        AddMemory(costs, "memory, MiB: more, each with a stream", beforeStreams, withStreams, streams);
        AddProcessor(costs, "calls", paced);
        AddProcessor(costs, "streams", pacedStreams);
        Terminal.Out.Write(costs);
        Goal.Show(
        [
            new Goal("heartbeats a second through the gateway, calls", called[0].MedianCallsPerSecond, BeatsPerSecondGoal),
            new Goal("heartbeats a second through the gateway, streams", streamed[0].MedianCallsPerSecond, BeatsPerSecondGoal),
            new Goal($"p99 at {pace:N0} calls a second, ms", paced.PercentileMs(0.99), LatencyGoalMs, IsCeiling: true),
            new Goal($"p99 at {pace:N0} a second over streams, ms", pacedStreams.PercentileMs(0.99), LatencyGoalMs, IsCeiling: true),
            new Goal("heartbeats a second at the service, calls", called[1].MedianCallsPerSecond, AtServiceGoal),
            new Goal("heartbeats a second at the service, streams", streamed[1].MedianCallsPerSecond, AtServiceGoal),
        ]);
        return ExitCode.Ok;
    }

    private static void Say(string what) => Console.Error.WriteLine($"{what} …");

    private static Way Paced(Func<Task> call, int perSecond) => (_, round, result) => PacedRound.RunAsync(perSecond, round, call, result);

    private static long MemoryOf(ServiceProcess service) => ProcessMemory.Of(service.Process.Id);

    private static void AddRow(Table table, string what, LoadResult result) => table.AddRow(what, Text(result.MedianCallsPerSecond, "N0"),
        Text(result.PercentileMs(0.50), "F2"), Text(result.PercentileMs(0.99), "F2"), Text(result.CallersUsPerCall, "F0"), Text(result.GatewayUsPerCall, "F0"),
        Text(result.ServiceUsPerCall, "F0"), Text(result.DatabaseUsPerCall, "F0"));

    private static void AddMemory(Table table, string what, (long Gateway, long Service) before, (long Gateway, long Service) after, int agents) =>
        table.AddRow(what, MiB(after.Gateway - before.Gateway, agents), MiB(after.Service - before.Service, agents), "");

    private static string MiB(long bytes, int agents) => Text(bytes * 1_000.0 / agents / (1 << 20), "F2");

    private static void AddProcessor(Table table, string what, LoadResult result) => table.AddRow(
        $"CPU, % of a core: a heartbeat each {BeatEverySeconds:0} s, {what}", Share(result.GatewayUsPerCall), Share(result.ServiceUsPerCall), Share(result.DatabaseUsPerCall));

    private static string Share(double usPerBeat) => Text(1_000 / BeatEverySeconds * usPerBeat / 1e6 * 100, "F2");

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);

    private static Option<int> Number(string name, int unless, int largest, string description)
    {
        var option = new Option<int>(name) { HelpName = "NUMBER", DefaultValueFactory = _ => unless, Description = $"{description}; {unless:N0} unless given" };
        option.Validators.Add(given =>
        {
            if (given.GetValue(option) < 1 || given.GetValue(option) > largest)
                given.AddError($"{name} must be 1 to {largest:N0}.");
        });
        return option;
    }
}
