using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Chaos;

/// <summary>The command <c>chaos</c>: nothing lost, nothing twice, whatever dies meanwhile.</summary>
public static class ChaosCommand
{
    private const int LongestSeconds = 24 * 3_600;
    private const int DifferencesShown = 10;

    public static Command NewCommand()
    {
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 60, Description = "How long the storm lasts" };
        seconds.Validators.Add(given =>
        {
            if (given.GetValue(seconds) is not (> 0 and <= LongestSeconds))
                given.AddError($"--seconds must be from 1 to {LongestSeconds}.");
        });
        var seed = new Option<int?>("--seed") { HelpName = "NUMBER", Description = "What the callers do and which faults they meet. Unless given: another one each time" };
        var command = new Command("chaos", "Random changes while services, Redis and Postgres are killed and frozen, on a platform of its own; then checks that nothing was lost or done twice.") { seconds, seed };
        command.SetAction((parsed, _) => RunAsync(TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(seed) ?? Random.Shared.Next(1_000_000)));
        return command;
    }

    private static async Task<int> RunAsync(TimeSpan duration, int seed)
    {
        if (!LocalPrograms.AreInstalled)
            throw new CliException("chaos kills Postgres and Redis as programs of this machine, and they are not installed (nor is this Linux, perhaps); ./test installs them");
        Terminal.Out.MarkupLineInterpolated($"seed {seed}, {duration.TotalSeconds:0} s");
        await using var cluster = await Cluster.StartAsync();
        var run = await ChaosRun.RunAsync(cluster, duration, seed, line => Terminal.Out.WriteLine(line));
        Show(run);
        return run.IsWell ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void Show(ChaosRun run)
    {
        var table = Terminal.NewTable("check", "callers know", "platform has", "differences");
        foreach (var result in run.Results)
            table.AddRow(result.Name, Text(result.Expected), Text(result.Found), Text(result.Differences.Count));
        Terminal.Out.Write(table);
        foreach (var difference in run.Results.SelectMany(r => r.Differences.Take(DifferencesShown)))
            Terminal.Out.WriteLine(difference);
        foreach (var (status, count) in run.Ledger.FailedAttempts.OrderByDescending(f => f.Value))
            Terminal.Out.WriteLine($"{count,8} attempts repeated after {status}");
        Terminal.Out.MarkupLineInterpolated(
            $"{run.Faults} faults, {run.Ledger.Changes.Count} changes, {run.Ledger.Repeats} asked for again later, {run.Ledger.LostRaces} lost races; seed {run.Seed}: {(run.IsWell ? "nothing lost, nothing twice" : "FAILED")}");
    }

    private static string Text(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
