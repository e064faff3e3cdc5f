using System.CommandLine;
using System.Globalization;
using AgentPlatform.Bench.ByHand;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Spectre.Console;

namespace AgentPlatform.Bench.Mutate;

/// <summary>
/// What the platform's promise costs: CreateSession through the service, against the same rows written by hand in one pipelined
/// transaction. The two take turns, so that whatever else the machine does meets both.
/// </summary>
public static class MutateBenchmark
{
    // All that the service may use, and what it gives of these to an operator's calls; an agent's get 6.
    private const int Connections = 20;
    private const int OperatorConnections = 12;
    private const int MostCallers = 32;
    private const int ReplayedKeys = 512;
    private const int CountedCalls = 500;
    // The runtime goes on compiling a service for many seconds under load.
    private const int WarmUpRounds = 4;
    private const string Metadata = """{"booking":"4711","client":"Protea Events"}""";
    private static readonly int[] Callers = [1, 8, MostCallers];

    private static readonly CreateSessionRequest Request = new()
    {
        Role = "finance",
        Task = "Price the marquee, the chairs and the generator for the booking",
        Metadata = Struct.Parser.ParseJson(Metadata),
    };

    public static Command NewCommand()
    {
        var (seconds, rounds) = (TurnOptions.NewSeconds(), TurnOptions.NewRounds());
        var command = new Command("mutate", "CreateSession through the service, against the same rows written by hand. Starts its own servers.") { seconds, rounds };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds))));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, TimeSpan round)
    {
        await using var platform = await BenchPlatform.StartAsync();
        await HandWritten.PrepareAsync(platform.Admin);
        await using var allConnections = new HandWritten(platform.Admin, Connections, TimeProvider.System);
        await using var fewerConnections = new HandWritten(platform.Admin, OperatorConnections, TimeProvider.System);
        var (hand, fewerHands) = (new HandWrittenSessions(allConnections), new HandWrittenSessions(fewerConnections));
        var session = await platform.StartSessionAsync(platform.PostgresPort);
        using var channel = GrpcChannel.ForAddress(session.GrpcAddress);
        var person = ClientOf(channel, platform.OperatorToken());
        var agent = ClientOf(channel, platform.AgentToken());

        Func<Task> byHandKeyed = () => hand.CreateAsync(Request, Metadata, NewKey());
        Func<Task> byFewerHands = () => fewerHands.CreateAsync(Request, Metadata, NewKey());
        Func<Task> byHand = () => hand.CreateAsync(Request, Metadata, null);
        Func<Task> keyed = () => CreateAsync(person, NewKey());
        Func<Task> plain = () => CreateAsync(person, null);
        Func<Task> agentKeyed = () => CreateAsync(agent, NewKey());
        var keys = Enumerable.Range(0, ReplayedKeys).Select(_ => NewKey()).ToArray();
        foreach (var key in keys)
            await CreateAsync(person, key);
        Func<Task> replayed = () => CreateAsync(person, keys[Random.Shared.Next(ReplayedKeys)]);

        var turns = new Turns(rounds, round, () => platform.TimesOf(session));
        for (var i = 0; i < WarmUpRounds; i++)
        {
            foreach (var call in new[] { byHandKeyed, keyed, plain, agentKeyed, replayed })
                await turns.WarmUpAsync(MostCallers, call);
        }

        var table = Terminal.NewTable("callers", "what", "p50 ms", "p99 ms", "calls/s", "ratio", "service's CPU µs");
        foreach (var callers in Callers)
        {
            var results = await turns.RunAsync(callers, byHand, plain, byHandKeyed, keyed, replayed);
            AddRow(table, callers, "by hand, without a key", results[0], null);
            AddRow(table, callers, "service, without a key", results[1], results[0]);
            AddRow(table, callers, "by hand, with a key", results[2], null);
            AddRow(table, callers, "service, with a key", results[3], results[2]);
            AddRow(table, callers, "service, replayed, against its first call", results[4], results[3]);
        }
        var shares = await turns.RunAsync(MostCallers, byHandKeyed, agentKeyed, byFewerHands, keyed);
        AddRow(table, MostCallers, "service, with a key, as an agent (6 connections)", shares[1], shares[0]);
        AddRow(table, MostCallers, "by hand, with a key, 12 connections", shares[2], null);
        AddRow(table, MostCallers, "service, with a key, against that", shares[3], shares[2]);

        var roundTrips = await CountRoundTripsAsync(platform);
        await platform.StartAuditAsync("session");
        var relayed = await turns.RunAsync(MostCallers, byHandKeyed, keyed);
        AddRow(table, MostCallers, "service, with a key, while the relay feeds Audit", relayed[1], relayed[0]);

        Terminal.Out.MarkupLineInterpolated(
            $"CreateSession as an operator (12 connections), by hand over {Connections}; {rounds} rounds of {round.TotalSeconds} s each way, on {Environment.ProcessorCount} cores shared by caller, service, Redis and Postgres (fsync on). Audit is away but for the last row, for which it has caught up.");
        Terminal.Out.Write(table);
        Terminal.Out.WriteLine(roundTrips);
        return ExitCode.Ok;
    }

    // An instance of its own, so that the tap costs the others nothing.
    private static async Task<string> CountRoundTripsAsync(BenchPlatform platform)
    {
        using var tap = new RoundTripTap(platform.PostgresPort);
        using var channel = GrpcChannel.ForAddress((await platform.StartSessionAsync(tap.Port)).GrpcAddress);
        var client = ClientOf(channel, platform.OperatorToken());
        var counts = new List<string>();
        foreach (var (name, key) in new (string, Func<string?>)[] { ("with a key", NewKey), ("without", () => null) })
        {
            var before = tap.Count;
            for (var i = 0; i < CountedCalls; i++)
                await CreateAsync(client, key());
            counts.Add(string.Create(CultureInfo.InvariantCulture, $"{(double)(tap.Count - before) / CountedCalls:F2} {name}"));
        }
        return $"Round trips to Postgres a call, counted on the wire: {string.Join(", ", counts)}. What lies above 1 is the service's own: its looks at the outbox, its health.";
    }

    private static async Task CreateAsync(SessionService.SessionServiceClient client, string? key) =>
        await client.CreateSessionAsync(Request, key is null ? null : new Metadata { { "idempotency-key", key } });

    private static string NewKey() => Guid.NewGuid().ToString("N");

    private static SessionService.SessionServiceClient ClientOf(GrpcChannel channel, string token)
    {
        var authorization = $"Bearer {token}";
        return new SessionService.SessionServiceClient(
            channel.Intercept(metadata => { metadata.Add("authorization", authorization); return metadata; }));
    }

    private static void AddRow(Table table, int callers, string what, LoadResult result, LoadResult? against) => table.AddRow(
        callers.ToString(CultureInfo.InvariantCulture), what,
        result.PercentileMs(0.50).ToString("F2", CultureInfo.InvariantCulture),
        result.PercentileMs(0.99).ToString("F2", CultureInfo.InvariantCulture),
        result.CallsPerSecond.ToString("F0", CultureInfo.InvariantCulture),
        against is null ? "" : (result.CallsPerSecond / against.CallsPerSecond).ToString("F2", CultureInfo.InvariantCulture),
        against is null ? "" : result.ServiceUsPerCall.ToString("F0", CultureInfo.InvariantCulture));
}
