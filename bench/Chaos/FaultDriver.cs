using System.Diagnostics;

namespace AgentPlatform.Bench.Chaos;

/// <summary>
/// Hurts a cluster, one fault at a time with 1 to 4 seconds between them, in an order that follows from the seed; each kind comes up once
/// before any does twice. What it breaks it mends again.
/// </summary>
public sealed class FaultDriver
{
    private const int ShortestPauseMs = 1_000;
    private const int LongestPauseMs = 4_000;
    private const int LongestDeathMs = 1_000;
    private const int ShortestFreezeMs = 500;
    private const int LongestFreezeMs = 3_000;

    private readonly Cluster _cluster;
    private readonly Random _random;
    private readonly Action<string> _say;
    private readonly (string Name, Func<Task> Inflict)[] _faults;

    /// <param name="cluster">What to hurt.</param>
    /// <param name="seed">The order.</param>
    /// <param name="say">Told of each fault, in a line.</param>
    public FaultDriver(Cluster cluster, int seed, Action<string> say)
    {
        (_cluster, _random, _say) = (cluster, new Random(seed), say);
        _faults =
        [
            ("a session instance is killed", () => KillAsync(Any(cluster.Sessions))),
            ("a session instance freezes", () => FreezeAsync(Any(cluster.Sessions).Process)),
            ("a session instance is told to stop", () => DrainAsync(Any(cluster.Sessions))),
            ("an audit instance is killed", () => KillAsync(Any(cluster.Audits))),
            ("an audit instance freezes", () => FreezeAsync(Any(cluster.Audits).Process)),
            ("an audit instance is told to stop", () => DrainAsync(Any(cluster.Audits))),
            ("a registry instance is killed", () => KillAsync(Any(cluster.Registries))),
            ("redis is killed", KillRedisAsync),
            ("redis is emptied", cluster.FlushRedisAsync),
            ("redis freezes", () => FreezeAsync(cluster.Redis)),
            ("postgres is killed", KillPostgresAsync),
            ("postgres freezes", () => FreezeAsync(cluster.Postgres)),
        ];
    }

    /// <summary>How many faults there were.</summary>
    public int Count { get; private set; }

    /// <summary>Hurts until the time is up; everything runs again when this returns.</summary>
    public async Task RunAsync(TimeSpan duration)
    {
        var started = Stopwatch.GetTimestamp();
        var hand = new Queue<int>();
        while (true)
        {
            var pause = TimeSpan.FromMilliseconds(_random.Next(ShortestPauseMs, LongestPauseMs));
            if (Stopwatch.GetElapsedTime(started) + pause >= duration)
                return;
            await Task.Delay(pause);
            if (hand.Count == 0)
                hand = new Queue<int>(Shuffled());
            var (name, inflict) = _faults[hand.Dequeue()];
            _say($"{Stopwatch.GetElapsedTime(started).TotalSeconds,6:0.0} s  {name}");
            await inflict();
            Count++;
        }
    }

    private int[] Shuffled()
    {
        int[] order = [.. Enumerable.Range(0, _faults.Length)];
        _random.Shuffle(order);
        return order;
    }

    private ServiceProcess Any(IReadOnlyList<ServiceProcess> instances) => instances[_random.Next(instances.Count)];

    private async Task KillAsync(ServiceProcess service)
    {
        await service.Process.KillAsync();
        await Task.Delay(_random.Next(LongestDeathMs));
        await service.StartAsync();
    }

    private static async Task DrainAsync(ServiceProcess service)
    {
        await service.Process.TerminateAsync();
        await service.StartAsync();
    }

    private async Task FreezeAsync(ServerProcess server)
    {
        server.SendToAll(Signal.Stop);
        await Task.Delay(_random.Next(ShortestFreezeMs, LongestFreezeMs));
        server.SendToAll(Signal.Continue);
    }

    private async Task KillRedisAsync()
    {
        await _cluster.Redis.KillAsync();
        await Task.Delay(_random.Next(LongestDeathMs));
        await _cluster.Redis.StartAsync();
    }

    private async Task KillPostgresAsync()
    {
        await _cluster.Postgres.KillAsync();
        await Task.Delay(_random.Next(LongestDeathMs));
        await _cluster.StartPostgresAsync();
    }
}
