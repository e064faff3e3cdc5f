using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Cli;
using Grpc.Net.Client;
using Spectre.Console;

namespace AgentPlatform.Bench.Vaults;

/// <summary>
/// The worst tables that the vault reads, and those made to do harm, through ReadTable by one and by four callers at once: how long it takes, and by how much the vault's
/// process grows. Each has a vault of its own, so that none finds what another has left.
/// </summary>
public static class TableBenchmark
{
    private static readonly int[] CallersAtOnce = [1, 4];

    // What one reading may take at its worst, and so what an instance has to have for the four that it reads at once.
    private const double GrowthGoalMegabytes = 150;

    public static Command NewCommand()
    {
        var only = new Option<string>("--only") { HelpName = "TEXT", Description = "Only files with this in their names", DefaultValueFactory = _ => "" };
        var command = new Command("tables", "The worst tables, and hostile ones, through ReadTable: time, and how much memory the vault takes. Starts its own servers.") { only };
        command.SetAction((parsed, _) => RunAsync([.. TableSamples.All.Where(s => s.Name.Contains(parsed.GetValue(only)!, StringComparison.Ordinal))]));
        return command;
    }

    private static async Task<int> RunAsync(IReadOnlyList<TableSample> samples)
    {
        using var folder = new TableFolder(samples);
        await using var platform = await BenchPlatform.StartAsync();
        var table = Terminal.NewTable("file", "MB", "answer", "rows", "s, alone", "rows/s", "s, four", "rows/s", "MB grown, alone", "four");
        var goals = new List<Goal>();
        foreach (var sample in samples)
        {
            var runs = new List<TableRun>();
            foreach (var callers in CallersAtOnce)
                runs.Add(await RunAsync(platform, folder, sample, callers));
            table.AddRow(
                [sample.Name, Text(folder.SizeOf(sample) / 1e6, "F1"), runs[0].Answer, Text(runs[0].Rows, "N0"),
                .. runs.SelectMany(r => new[] { Text(r.Seconds, "F2"), Text(r.Rows * r.Callers / r.Seconds, "N0") }), .. runs.Select(r => Text(r.GrownMegabytes, "F0"))]);
            goals.AddRange(runs.Select(r => new Goal($"MB for {sample.Name} by {r.Callers}", r.GrownMegabytes, GrowthGoalMegabytes * r.Callers, IsCeiling: true)));
            if (runs.Any(r => r.Answer != (sample.IsHostile ? sample.Refusal : TableRun.Read)))
                throw new CliException($"{sample.Name} was not answered as it should be: {string.Join(", ", runs.Select(r => r.Answer))}");
        }
        Terminal.Out.Write(table);
        Goal.Show(goals.Where(g => !g.IsMet).DefaultIfEmpty(goals.MaxBy(g => g.Measured)!));
        return ExitCode.Ok;
    }

    private static async Task<TableRun> RunAsync(BenchPlatform platform, TableFolder folder, TableSample sample, int callers)
    {
        await using var vault = await platform.StartVaultAsync(folder.Root);
        using var channel = GrpcChannel.ForAddress(vault.GrpcAddress);
        await VaultReader.AllowAsync(channel, platform.SuperuserToken());
        // One caller gets half of the places at most.
        var readers = Enumerable.Range(0, callers).Select(i => new TableReader(channel, platform.AgentToken($"bench-{i}"))).ToList();
        foreach (var reader in readers)
            await reader.ReadAsync(TableFolder.SmallFile);
        var (before, clock) = (ProcessMemory.Of(vault.Process.Id), Stopwatch.StartNew());
        ProcessMemory.ForgetPeak(vault.Process.Id);
        var answers = await Task.WhenAll(readers.Select(r => r.ReadAsync(sample.Name)));
        return new TableRun(callers, answers[0].Answer, answers[0].Rows, clock.Elapsed.TotalSeconds, (ProcessMemory.PeakOf(vault.Process.Id) - before) / 1e6);
    }

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
