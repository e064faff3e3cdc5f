using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Spectre.Console;

namespace AgentPlatform.Bench;

/// <summary>
/// What the gateway costs: a read of one session through it, and the same read from the service itself. The two take turns,
/// so that whatever else the machine does meets both.
/// </summary>
public static class GatewayBenchmark
{
    private const int Rounds = 5;
    private const string ListeningText = "Now listening on: ";
    private static readonly int[] Callers = [1, 32];
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);

    public static Command NewCommand()
    {
        var data = DataFolder.NewOption();
        var gateway = new Option<string?>("--gateway") { HelpName = "URL", Description = "The gateway's gRPC address. Unless given: the running platform's" };
        var service = new Option<string?>("--service") { HelpName = "URL", Description = "The session service's own gRPC address. Unless given: as its log says" };
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 2, Description = "How long each round of each way takes" };
        seconds.Validators.Add(given =>
        {
            if (given.GetValue(seconds) is not (> 0 and <= 600))
                given.AddError("--seconds must be more than 0 and at most 600.");
        });
        var command = new Command("gateway", "Unary gRPC calls through the gateway, against the same calls direct to the service. Start the platform with ./run first.") { data, gateway, service, seconds };
        command.SetAction((parsed, _) =>
        {
            var folder = DataFolder.Locate(parsed.GetValue(data));
            var through = parsed.GetValue(gateway) ?? RunNote.Require(folder).Gateway;
            var direct = parsed.GetValue(service) ?? AddressInLog(RunNote.Require(folder));
            return RunAsync(folder, through, direct, TimeSpan.FromSeconds(parsed.GetValue(seconds)));
        });
        return command;
    }

    private static async Task<int> RunAsync(DataFolder folder, string gateway, string service, TimeSpan round)
    {
        using var key = DevelopmentKey.Load(folder.DevelopmentKey);
        var token = key.Mint("agent:bench", ["agent"], "bench", TokenLifetime, TimeProvider.System);
        using var throughChannel = GrpcChannel.ForAddress(gateway);
        using var directChannel = GrpcChannel.ForAddress(service);
        var through = ClientOf(throughChannel, token);
        var direct = ClientOf(directChannel, token);

        var session = (await through.CreateSessionAsync(new CreateSessionRequest { Role = "bench", Task = "Be read, many times" })).Session;
        var request = new GetSessionRequest { Id = session.Id };
        Func<Task> readThrough = async () => await through.GetSessionAsync(request);
        Func<Task> readDirect = async () => await direct.GetSessionAsync(request);

        var unused = new LoadResult();
        foreach (var call in new[] { readThrough, readDirect })
            await LoadRound.RunAsync(Callers.Max(), round, call, unused);

        var table = Terminal.NewTable("callers", "way", "p50 ms", "p99 ms", "calls/s");
        foreach (var callers in Callers)
        {
            var (gatewayResult, directResult) = (new LoadResult(), new LoadResult());
            for (var i = 0; i < Rounds; i++)
            {
                await LoadRound.RunAsync(callers, round, readDirect, directResult);
                await LoadRound.RunAsync(callers, round, readThrough, gatewayResult);
            }
            AddRow(table, callers, "direct", directResult.PercentileMs, directResult.CallsPerSecond, "F2", "F0");
            AddRow(table, callers, "gateway", gatewayResult.PercentileMs, gatewayResult.CallsPerSecond, "F2", "F0");
            AddRow(table, callers, "ratio", share => gatewayResult.PercentileMs(share) / directResult.PercentileMs(share),
                gatewayResult.CallsPerSecond / directResult.CallsPerSecond, "F2", "F2");
        }
        Terminal.Out.MarkupLineInterpolated(
            $"GetSession, {Rounds} rounds of {round.TotalSeconds} s each way, on {Environment.ProcessorCount} cores shared by caller, gateway, service and database");
        Terminal.Out.Write(table);
        return ExitCode.Ok;
    }

    private static SessionService.SessionServiceClient ClientOf(GrpcChannel channel, string token) =>
        new(channel.Intercept(metadata => { metadata.Add("authorization", $"Bearer {token}"); return metadata; }));

    private static void AddRow(Table table, int callers, string way, Func<double, double> percentile, double callsPerSecond, string format, string rateFormat) => table.AddRow(
        callers.ToString(CultureInfo.InvariantCulture), way,
        percentile(0.50).ToString(format, CultureInfo.InvariantCulture),
        percentile(0.99).ToString(format, CultureInfo.InvariantCulture),
        callsPerSecond.ToString(rateFormat, CultureInfo.InvariantCulture));

    // Only the AppHost knows the ports of services; of its parts, the log of a service says first where it takes gRPC.
    private static string AddressInLog(RunNote note)
    {
        var log = Path.Combine(note.Logs, "session.log");
        var line = File.Exists(log) ? File.ReadLines(log).FirstOrDefault(l => l.Contains(ListeningText, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(ListeningText, StringComparison.Ordinal) + ListeningText.Length)..]
            ?? throw new CliException($"{log} does not say where the service takes gRPC; give --service, as the dashboard shows it");
    }
}
