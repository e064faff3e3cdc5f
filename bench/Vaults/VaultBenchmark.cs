using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Vaults;

/// <summary>
/// Files of 10 MB read whole through the vault's ReadFile, at the service and through the gateway, against <c>cat</c> of the same files through a pipe. Either way the bytes are
/// read to the end here and counted, and nothing is done with them.
/// </summary>
public static class VaultBenchmark
{
    private const int Files = 16;
    private const int WarmUpRounds = 3;
    private static readonly int[] ReadersAtOnce = [1, 16];

    // What a process has grown by between the first rounds and the last ones: more than this were no longer flat.
    private const double GrowthGoalMegabytes = 32;
    private const double CatGoal = 0.2;

    public static Command NewCommand()
    {
        var (seconds, rounds) = (TurnOptions.NewSeconds(), TurnOptions.NewRounds());
        var command = new Command("vault", "ReadFile of 10 MB at 1 and 16 readers, against cat of the same files through a pipe. Starts its own servers.") { seconds, rounds };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds))));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, TimeSpan round)
    {
        using var folder = new VaultFiles(Files);
        await using var platform = await BenchPlatform.StartAsync();
        var vault = await platform.StartVaultAsync(folder.Root);
        var gateway = await platform.StartGatewayAsync("vault", vault);
        using var directChannel = GatewayChannel.Open(vault.GrpcAddress);
        using var throughChannel = GatewayChannel.Open(gateway.GrpcAddress);
        await VaultReader.AllowAsync(directChannel, platform.SuperuserToken());
        var (direct, through) = (new VaultReader(directChannel, platform.AgentToken()), new VaultReader(throughChannel, platform.AgentToken()));
        Func<Task>[] ways = [() => direct.ReadAsync(folder.Next()), () => through.ReadAsync(folder.Next()), () => folder.CatAsync(folder.Next())];

        var turns = new Turns(rounds, round, () => platform.TimesOf(vault, gateway));
        foreach (var way in Enumerable.Repeat(ways, WarmUpRounds).SelectMany(w => w))
            await turns.WarmUpAsync(Files, way);
        var before = (Vault: ProcessMemory.Of(vault.Process.Id), Gateway: ProcessMemory.Of(gateway.Process.Id));

        var table = Terminal.NewTable("readers", "way", "MB/s", "p50 ms", "p99 ms", "to cat", "CPU ms a file: here", "vault", "gateway", "Postgres");
        var goals = new List<Goal>();
        foreach (var readers in ReadersAtOnce)
        {
            var results = await turns.RunAsync(readers, ways);
            foreach (var (name, result) in new[] { "service", "gateway", "cat" }.Zip(results))
                table.AddRow(
                    Text(readers, "F0"), name, Text(result.MedianCallsPerSecond * VaultFiles.FileBytes / 1e6, "F0"), Text(result.PercentileMs(0.50), "F1"), Text(result.PercentileMs(0.99), "F1"),
                    Text(result.RatioTo(results[^1]), "F2"), Text(result.CallersUsPerCall / 1e3, "F1"), Text(result.ServiceUsPerCall / 1e3, "F1"), Text(result.GatewayUsPerCall / 1e3, "F1"),
                    Text(result.DatabaseUsPerCall / 1e3, "F1"));
            goals.Add(new Goal($"ReadFile at {readers} readers, to cat", results[0].RatioTo(results[^1]), CatGoal));
        }
        goals.Add(new Goal("MB by which the vault has grown", (ProcessMemory.Of(vault.Process.Id) - before.Vault) / 1e6, GrowthGoalMegabytes, IsCeiling: true));
        goals.Add(new Goal("MB by which the gateway has grown", (ProcessMemory.Of(gateway.Process.Id) - before.Gateway) / 1e6, GrowthGoalMegabytes, IsCeiling: true));
        Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Files} files of {VaultFiles.FileBytes:N0} bytes, read whole as an agent; {rounds} rounds of {round.TotalSeconds} s each way, medians, on {Environment.ProcessorCount} cores shared by all. Every read is judged, audited and hashed."));
        Terminal.Out.Write(table);
        Goal.Show(goals);
        return ExitCode.Ok;
    }

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
