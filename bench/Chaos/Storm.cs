using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace AgentPlatform.Bench.Chaos;

/// <summary>Random changes by 16 callers through the gateway, two callers an agent.</summary>
public static class Storm
{
    private const int Callers = 16;
    private const int CallersPerAgent = 2;

    // Far more than any fault takes to pass: who has no answer then never gets one.
    private static readonly TimeSpan LastAnswerTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The agents whose callers make the storm of this seed.</summary>
    public static IReadOnlyList<string> AgentsOf(int seed) => [.. Enumerable.Range(0, Callers / CallersPerAgent).Select(i => $"storm-{seed}-{i}")];

    /// <summary>Runs for a while, then until every call that was begun is answered; gives back the callers' record.</summary>
    public static async Task<Ledger> RunAsync(Cluster cluster, TimeSpan duration, int seed)
    {
        var ledger = new Ledger();
        var agents = AgentsOf(seed);
        var open = agents.Select(_ => new OpenSessions()).ToList();
        using var timeIsUp = new CancellationTokenSource(duration);
        using var giveUp = new CancellationTokenSource(duration + LastAnswerTimeout);
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async number =>
        {
            var agent = number / CallersPerAgent;
            using var channel = GrpcChannel.ForAddress(cluster.Gateway.GrpcAddress);
            var caller = new StormCaller(agents[agent], number, seed * Callers + number, Invoker(channel, cluster.AgentToken(agents[agent])), open[agent], ledger);
            await caller.RunAsync(timeIsUp.Token, giveUp.Token);
        }));
        return ledger;
    }

    /// <summary>Calls with this bearer token.</summary>
    public static CallInvoker Invoker(GrpcChannel channel, string token) =>
        channel.Intercept(metadata => { metadata.Add("authorization", $"Bearer {token}"); return metadata; });
}
