using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace AgentPlatform.Gateway;

/// <summary>
/// Which instances get calls: those that say that they can serve (<see cref="ReadinessWatch"/>) and whose calls do not fail; without
/// any, those that say so; and without any of these all, so that a service which comes back is in use at once.
/// </summary>
internal sealed class ReadyInstances : IAvailableDestinationsPolicy
{
    public const string PolicyName = nameof(ReadyInstances);

    public string Name => PolicyName;

    public IReadOnlyList<DestinationState> GetAvailalableDestinations(ClusterConfig config, IReadOnlyList<DestinationState> allDestinations)
    {
        var ready = allDestinations.Where(d => d.Health.Active != DestinationHealth.Unhealthy).ToList();
        var working = ready.Where(d => d.Health.Passive != DestinationHealth.Unhealthy).ToList();
        return working.Count > 0 ? working : ready.Count > 0 ? ready : allDestinations;
    }
}
