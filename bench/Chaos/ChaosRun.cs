namespace AgentPlatform.Bench.Chaos;

/// <summary>A storm over a cluster that is being hurt, and what the check afterwards has found.</summary>
/// <param name="Seed">What makes the same changes and faults again.</param>
/// <param name="Faults">How many there were.</param>
/// <param name="Ledger">The callers' record.</param>
/// <param name="Results">The comparisons.</param>
public sealed record ChaosRun(int Seed, int Faults, Ledger Ledger, IReadOnlyList<CheckResult> Results)
{
    /// <summary>Whether nothing was lost, doubled or half done.</summary>
    public bool IsWell => Results.All(r => r.Differences.Count == 0);

    /// <summary>Runs a storm with faults for a while, lets the cluster recover, and checks. The logs of a run that is not well are kept.</summary>
    public static async Task<ChaosRun> RunAsync(Cluster cluster, TimeSpan duration, int seed, Action<string> say)
    {
        var faults = new FaultDriver(cluster, seed, say);
        var storm = Storm.RunAsync(cluster, duration, seed);
        await Task.WhenAll(faults.RunAsync(duration), storm);
        var ledger = await storm;
        var run = new ChaosRun(seed, faults.Count, ledger, await Checker.RunAsync(cluster, ledger, Storm.AgentsOf(seed)));
        if (!run.IsWell)
        {
            cluster.KeepsFolder = true;
            say($"The logs are in {cluster.Folder}.");
        }
        return run;
    }
}
