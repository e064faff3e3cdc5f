namespace AgentPlatform.Audit;

/// <summary>
/// Runs a loop for each shard that this instance adds to. At the stop it takes no more, writes what was accepted, signs it and gives the shards
/// back, so that the next instance goes on with them at once.
/// </summary>
public sealed class ChainWriter(AppendQueue queue, AuditSettings settings, IServiceProvider services) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        stoppingToken.Register(queue.Close);
        // A task each: a loop hashes and copies, and the start of the service does not wait for it.
        return Task.WhenAll(Enumerable.Range(0, settings.Shards).Select(_ => Task.Run(ActivatorUtilities.CreateInstance<ShardLoop>(
            services, ActivatorUtilities.CreateInstance<ChainStore>(services)).RunAsync, CancellationToken.None)));
    }
}
