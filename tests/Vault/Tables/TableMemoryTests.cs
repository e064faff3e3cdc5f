using System.Globalization;
using AgentPlatform.Bench.Vaults;
using Grpc.Net.Client;

namespace AgentPlatform.Tests.Vaults;

/// <summary>What tables cost a vault that has little memory: a process of its own, which would run out of it.</summary>
public sealed class TableMemoryTests(Platform platform) : IClassFixture<Platform>
{
    // Of which four tables as small as a cell leave nearly all.
    private const long HeapBytes = 256 * 1024 * 1024;
    private const int AtOnce = 4;

    [Fact]
    public async Task Hostile_tables_are_refused_four_at_a_time_in_a_heap_of_256_MB()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The vault runs on Linux.");
        await platform.AllowAgentsAsync("**");
        await File.WriteAllTextAsync(Path.Combine(platform.VaultRoot, "small.csv"), "a,b\n1,2\n");
        await using var vault = await platform.NewProcessAsync("vault");
        vault.Settings["DOTNET_GCHeapHardLimit"] = HeapBytes.ToString("x", CultureInfo.InvariantCulture);
        await vault.StartAsync();
        using var channel = GrpcChannel.ForAddress(vault.GrpcAddress);

        var hostile = TableSamples.All.Where(s => s.IsHostile).ToList();
        Assert.NotEmpty(hostile);
        await Parallel.ForEachAsync(hostile, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (sample, _) =>
        {
            sample.WriteInto(platform.VaultRoot);
            var (answer, rows) = await new TableReader(channel, Tokens.Agent(sample.Name.Replace('-', '_'))).ReadAsync(sample.Name);
            Assert.Equal((sample.Name, sample.Refusal, 0), (sample.Name, answer, rows));
        });
        Assert.Equal((TableRun.Read, 1), await new TableReader(channel, Tokens.Agent("after")).ReadAsync("small.csv"));
    }
}
