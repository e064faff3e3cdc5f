using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Audit.V1;
using Spectre.Console;

namespace AgentPlatform.Bench.Audit;

/// <summary>
/// How many entries a second the audit log takes, durable, chained and indexed, against the same rows written by hand. All ways take turns, so that
/// whatever else the machine does meets all of them.
/// </summary>
public static class AuditBenchmark
{
    private const int Rounds = 3;
    private const int BatchEntries = 200;
    private const int BatchCallers = 4;
    private const int InsertConnections = 32;
    private static readonly int[] LogActionCallers = [1, 8, 32, 128];
    private static readonly int[] CopyConnections = [1, 4];

    public static Command NewCommand()
    {
        var (data, postgres) = (DataFolder.NewOption(), AuditServer.NewOption());
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 3, Description = "How long each round of each way takes" };
        var command = new Command("audit", "Entries a second through Audit, against COPY and INSERT by hand.") { data, postgres, seconds };
        command.SetAction((parsed, _) => RunAsync(
            AuditServer.Find(parsed.GetValue(postgres), DataFolder.Locate(parsed.GetValue(data))), TimeSpan.FromSeconds(parsed.GetValue(seconds))));
        return command;
    }

    private static async Task<int> RunAsync(string server, TimeSpan round)
    {
        await using var instance = await AuditInstance.CreateAsync(server);
        await instance.StartAsync();
        await using var direct = await DirectTable.CreateAsync(instance, InsertConnections);
        var service = instance.AsService();
        Func<Task> log = async () => await service.LogActionAsync(new LogActionRequest { Entry = SampleEntries.Next() });
        Func<Task> append = async () => await service.AppendEntriesAsync(
            new AppendEntriesRequest { Entries = { Enumerable.Range(0, BatchEntries).Select(_ => SampleEntries.Next()) } });

        List<(string Way, int Callers, int Entries, Func<Task> Call, LoadResult Load)> ways =
        [
            .. LogActionCallers.Select(c => ("LogAction", c, 1, log, new LoadResult())),
            ("AppendEntries of 200", BatchCallers, BatchEntries, append, new LoadResult()),
            .. CopyConnections.Select(c => ("COPY of 500 by hand", c, DirectTable.CopyRows, (Func<Task>)direct.CopyAsync, new LoadResult())),
            ("INSERT by hand", InsertConnections, 1, direct.InsertAsync, new LoadResult()),
        ];
        foreach (var way in ways)
            await LoadRound.RunAsync(way.Callers, round / 3, way.Call, new LoadResult());
        for (var i = 0; i < Rounds; i++)
            foreach (var way in ways)
                await LoadRound.RunAsync(way.Callers, round, way.Call, way.Load);

        var table = Terminal.NewTable("way", "callers", "entries/s", "p50 ms", "p99 ms");
        foreach (var (way, callers, entries, _, result) in ways)
        {
            table.AddRow(way, Number(callers, "F0"), Number(result.CallsPerSecond * entries, "F0"), Number(result.PercentileMs(0.5), "F2"),
                Number(result.PercentileMs(0.99), "F2"));
        }
        Terminal.Out.MarkupLineInterpolated(
            $"{Rounds} rounds of {round.TotalSeconds} s each way, on {Environment.ProcessorCount} cores shared by callers, service and database");
        Terminal.Out.Write(table);
        double Rate(string way, int callers) => ways.Where(w => w.Way == way && w.Callers == callers).Select(w => w.Load.CallsPerSecond * w.Entries).Single();
        Terminal.Out.MarkupLineInterpolated(
            $"LogAction at 128 callers / INSERT at 32 connections: {Number(Rate("LogAction", 128) / Rate("INSERT by hand", InsertConnections), "F2")} (goal: above 1)");
        Terminal.Out.MarkupLineInterpolated(
            $"AppendEntries / COPY on one connection: {Number(Rate("AppendEntries of 200", BatchCallers) / Rate("COPY of 500 by hand", 1), "F2")}, on four: {Number(Rate("AppendEntries of 200", BatchCallers) / Rate("COPY of 500 by hand", 4), "F2")} (goal: 0.6)");
        Terminal.Out.MarkupLineInterpolated($"On disk: {await instance.SizeAsync()} MB per million entries");
        return ExitCode.Ok;
    }

    private static string Number(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
