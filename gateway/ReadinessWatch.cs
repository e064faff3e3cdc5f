using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace AgentPlatform.Gateway;

/// <summary>
/// Asks every instance several times a second whether it can serve, so that one which is about to stop, or has been killed, gets
/// no more calls while others can take them. Failed calls tell as well, but only after they have failed. The proxy's own
/// probing is not used: it would leave a span of each probe, and it speaks the calls' HTTP/2, which health ports do not.
/// </summary>
internal sealed class ReadinessWatch(IProxyStateLookup proxy, IDestinationHealthUpdater updater, TimeProvider clock) : BackgroundService
{
    // Well below the time for which an instance goes on taking calls after its readiness has gone.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null };
        using var http = new HttpClient(handler) { Timeout = AnswerTimeout };
        var watches = from cluster in proxy.GetClusters()
                      from instance in cluster.Destinations.Values
                      where instance.Model.Config.Health is not null
                      select WatchAsync(http, cluster, instance, stoppingToken);
        await Task.WhenAll(watches);
    }

    private async Task WatchAsync(HttpClient http, ClusterState cluster, DestinationState instance, CancellationToken stop)
    {
        var health = new Uri(new Uri(instance.Model.Config.Health!), "/health");
        using var timer = new PeriodicTimer(LookEvery, clock);
        var wasReady = true;
        while (await timer.WaitForNextTickAsync(stop))
        {
            var isReady = await IsReadyAsync(http, health, stop);
            if (isReady != wasReady)
                updater.SetActive(cluster, [new NewActiveDestinationHealth(instance, isReady ? DestinationHealth.Healthy : DestinationHealth.Unhealthy)]);
            wasReady = isReady;
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, Uri health, CancellationToken stop)
    {
        try
        {
            using var response = await http.GetAsync(health, HttpCompletionOption.ResponseHeadersRead, stop);
            return response.IsSuccessStatusCode;
        }
        // Down, or too slow to serve.
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !stop.IsCancellationRequested) { return false; }
    }
}
