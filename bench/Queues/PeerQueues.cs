using System.Text.Json.Nodes;
using AgentPlatform.Bench.Node;

namespace AgentPlatform.Bench.Queues;

/// <summary>What people queue work with today: from npm, each in a process of Node, on the platform's Postgres in a database of its own, and on its Redis.</summary>
public sealed class PeerQueues : IAsyncDisposable
{
    /// <summary>As many as a service of the platform has.</summary>
    public const int Connections = 20;

    /// <summary>The one against which goals are stated.</summary>
    public const string GraphileWorker = "graphile-worker";

    private static readonly (string Name, string Script, JsonObject DrainOptions)[] Scripts =
    [
        (GraphileWorker, "graphile-worker.mjs", []),
        ("graphile-worker, local queue", "graphile-worker.mjs", new JsonObject { ["localQueue"] = true }),
        ("pg-boss, asked without a pause", "pg-boss.mjs", []),
        ("BullMQ (Redis, kept in memory)", "bullmq.mjs", []),
    ];

    private readonly List<NodePeer> _peers = [];

    /// <summary>The queues.</summary>
    public List<Queue> Queues { get; } = [];

    /// <summary>Starts all of them; they are installed.</summary>
    public static async Task<PeerQueues> StartAsync(BenchPlatform platform)
    {
        var queues = new PeerQueues();
        foreach (var (number, (name, script, drainOptions)) in Scripts.Index())
        {
            var database = $"peer_{number}";
            await platform.CreateDatabaseAsync(database);
            var peer = NodePeer.Start(script);
            queues._peers.Add(peer);
            await peer.AskAsync("setup", new JsonObject { ["postgres"] = platform.AddressOf(database), ["redis"] = platform.RedisPort, ["connections"] = Connections });
            queues.Queues.Add(new Queue(name, peer.Load("start"), peer.Load("create"), () => DrainAsync(peer, drainOptions)));
        }
        return queues;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var peer in _peers)
            await peer.DisposeAsync();
    }

    private static async Task<TimeSpan> DrainAsync(NodePeer peer, JsonObject options)
    {
        var request = options.DeepClone().AsObject();
        (request["jobs"], request["workers"]) = (QueueContest.DrainedJobs, QueueContest.Workers);
        return TimeSpan.FromMilliseconds((double)(await peer.AskAsync("drain", request))["elapsedMs"]!);
    }
}
