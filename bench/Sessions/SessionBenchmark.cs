using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using AgentPlatform.Bench.ByHand;
using AgentPlatform.Bench.Node;
using AgentPlatform.Cli;
using Grpc.Net.Client;
using Npgsql;
using Spectre.Console;

namespace AgentPlatform.Bench.Sessions;

/// <summary>
/// What sessions cost: each call of the service against the same durable effect by hand, and against LangGraph's PostgresSaver, which is what people
/// keep the sessions of agents in today. All take turns on one Postgres.
/// </summary>
public static class SessionBenchmark
{
    // What the service gives an operator's calls; the others get as many.
    private const int Connections = 12;
    // Enough that two callers rarely meet at one.
    private const int Sessions = 1_024;
    private const int EventsAtFirst = 20;
    // The runtime goes on compiling a service for many seconds under load.
    private const int WarmUpRounds = 4;
    private const int MostCallers = 64;
    private const double HandGoal = 0.7;
    private const string LangGraph = "LangGraph";

    public static Command NewCommand()
    {
        var (seconds, rounds) = (TurnOptions.NewSeconds(), TurnOptions.NewRounds());
        var only = new Option<string[]>("--only")
        {
            HelpName = "CALL",
            Description = "Only these calls, such as AppendEvents; repeatable. Unless given, all of them, and reads as a history grows",
            DefaultValueFactory = _ => [],
        };
        var callers = new Option<int[]>("--callers")
        {
            HelpName = "NUMBER",
            Description = "How many calls are under way at once; repeatable",
            DefaultValueFactory = _ => [1, 16, MostCallers],
        };
        callers.Validators.Add(given =>
        {
            if (given.GetValue(callers)!.Any(c => c is not (>= 1 and <= MostCallers)))
                given.AddError($"--callers must be 1 to {MostCallers}.");
        });
        var command = new Command("session", "Sessions, events, live context and status, against the same by hand and against LangGraph's PostgresSaver. Starts its own servers.")
        {
            seconds, rounds, only, callers,
        };
        command.SetAction((parsed, _) =>
            RunAsync(parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(callers)!, parsed.GetValue(only)!));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, TimeSpan round, int[] callersAtOnce, string[] only)
    {
        await using var platform = await BenchPlatform.StartAsync();
        await using var peer = await StartPeerAsync(platform);
        var service = await platform.StartSessionAsync(platform.PostgresPort);
        using var channel = GrpcChannel.ForAddress(service.GrpcAddress);
        var calls = new SessionCalls(channel, platform.OperatorToken());
        var sessions = await calls.SeedAsync(Sessions, EventsAtFirst);
        await HandWritten.PrepareAsync(platform.Admin);
        await HandWritten.CopySessionsAsync(platform.Admin);
        await using var hand = new HandWritten(platform.Admin, Connections, TimeProvider.System);

        var contests = ContestsOf(calls, new HandWrittenSessions(hand), sessions).Where(c => only.Length == 0 || only.Contains(c.Name, StringComparer.OrdinalIgnoreCase)).ToList();
        var turns = new Turns(rounds, round, () => platform.TimesOf(service, peer is null ? [] : [peer.Id]));
        foreach (var contest in Enumerable.Repeat(contests, WarmUpRounds).SelectMany(c => c))
            foreach (var way in WaysOf(contest, peer))
                await turns.WarmUpAsync(MostCallers, way);

        var table = Terminal.NewTable("call", "callers", "who", "calls/s", "p50 ms", "p99 ms", "service is", "CPU µs: caller", "service", "Postgres");
        var goals = new List<Goal>();
        foreach (var contest in contests)
        {
            foreach (var callers in callersAtOnce)
            {
                var results = await turns.RunAsync(callers, WaysOf(contest, peer));
                AddRow(table, contest.Name, callers, "service", results[0], null);
                AddRow(table, "", callers, "by hand", results[1], results[0].RatioTo(results[1]));
                if (results.Count > 2)
                    AddRow(table, "", callers, $"{LangGraph}'s {contest.PeerCall}", results[2], results[0].RatioTo(results[2]));
                if (callers == MostCallers)
                    goals.Add(new Goal($"{contest.Name} at {callers} callers, to by hand", results[0].RatioTo(results[1]), HandGoal));
                if (callers > 1 && results.Count > 2)
                    goals.Add(new Goal($"{contest.Name} at {callers} callers, to {LangGraph}'s {contest.PeerCall}", results[0].RatioTo(results[2]), contest.PeerGoal));
            }
        }
        Terminal.Out.MarkupLineInterpolated(
            $"As an operator; each over {Connections} connections; {rounds} rounds of {round.TotalSeconds} s each way, medians, on {Environment.ProcessorCount} cores shared by all with Redis and Postgres (fsync on). Changes have a key. {Sessions:N0} sessions.");
        Terminal.Out.MarkupLine("A put stores one checkpoint with what one event says, so it stands beside AppendEvents of one; it has neither audit entry nor key.");
        Terminal.Out.Write(table);
        if (only.Length == 0)
            goals.AddRange(await HistoryRun.RunAsync(calls, turns));
        Goal.Show(goals);
        return ExitCode.Ok;
    }

    private static IEnumerable<Contest> ContestsOf(SessionCalls calls, HandWrittenSessions hand, Guid[] sessions)
    {
        Guid Any() => sessions[Random.Shared.Next(sessions.Length)];
        Task AppendByHand(Guid session, int events) => hand.AppendAsync(session, SampleWork.Append(session, events), SessionCalls.NewKey());
        Task IncrementByHand(Guid session) => hand.IncrementAsync(session, SampleWork.Increment(session), SessionCalls.NewKey());
        yield return new("CreateSession", () => hand.CreateAsync(SampleWork.Create, SampleWork.Metadata, SessionCalls.NewKey()), calls.CreateAsync);
        yield return new("AppendEvents", () => AppendByHand(Any(), 1), () => calls.AppendAsync(Any(), 1), "put", 2);
        yield return new("AppendEvents of 20", () => AppendByHand(Any(), 20), () => calls.AppendAsync(Any(), 20));
        yield return new("UpdateContext", () => IncrementByHand(Any()), () => calls.IncrementAsync(Any()));
        yield return new("GetSession", () => hand.GetSessionAsync(Any()), () => calls.GetSessionAsync(Any()), "get", 5);
        yield return new("GetContext", () => hand.GetContextAsync(Any()), () => calls.GetContextAsync(Any()), "get", 5);
        yield return new("FetchStatus", () => hand.FetchStatusAsync(Any()), () => calls.FetchStatusAsync(Any()));
    }

    // In the order of the rows.
    private static List<Way> WaysOf(Contest contest, NodePeer? peer)
    {
        List<Way> ways = [LoadRound.Of(contest.Service), LoadRound.Of(contest.Hand)];
        if (peer is not null && contest.PeerCall is { } call)
            ways.Add(peer.Load(call));
        return ways;
    }

    private static async Task<NodePeer?> StartPeerAsync(BenchPlatform platform)
    {
        const string Database = "langgraph";
        if (await NodeModules.Peers.InstallAsync() is { } missing)
        {
            Terminal.Out.MarkupLineInterpolated($"Without {LangGraph}: {missing}");
            return null;
        }
        await platform.CreateDatabaseAsync(Database);
        var peer = NodePeer.Start("langgraph.mjs");
        await peer.AskAsync("setup", new JsonObject
        {
            ["postgres"] = platform.AddressOf(Database),
            ["connections"] = Connections,
            ["threads"] = Sessions,
            ["event"] = JsonNode.Parse(SampleWork.Event),
        });
        return peer;
    }

    private static void AddRow(Table table, string name, int callers, string who, LoadResult result, double? serviceIs) => table.AddRow(
        name, callers.ToString(CultureInfo.InvariantCulture), who, Text(result.MedianCallsPerSecond, "F0"),
        Text(result.PercentileMs(0.50), "F2"), Text(result.PercentileMs(0.99), "F2"), serviceIs is { } ratio ? $"× {Text(ratio, "F2")}" : "",
        Text(result.CallersUsPerCall, "F0"), Text(result.ServiceUsPerCall, "F0"), Text(result.DatabaseUsPerCall, "F0"));

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
