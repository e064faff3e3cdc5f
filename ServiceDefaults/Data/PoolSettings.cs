namespace AgentPlatform;

/// <summary>Section <c>Pool</c>: how a service's connections are shared out.</summary>
public sealed class PoolSettings
{
    private const double AgentShare = 0.3;
    private const double SystemShare = 0.1;
    private const double BreakerShare = 0.9;
    private const int Fewest = 4;

    /// <summary>All connections of one instance; 4 when set lower, so that every tier has one.</summary>
    public int Connections { get; init => field = Math.Max(Fewest, value); } = 20;

    /// <summary>How long a call waits for a connection before it is told to come back.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many calls of one tier may wait at once; the next is told to come back at once.</summary>
    public int MaximumWaiting { get; init; } = 256;

    /// <summary>How many connections a tier has: 30 % for agents, 10 % for the system, the rest for people.</summary>
    public int LimitOf(PoolTier tier) => tier switch
    {
        PoolTier.Agent => (int)(Connections * AgentShare),
        PoolTier.System => Math.Max(1, (int)(Connections * SystemShare)),
        _ => Connections - LimitOf(PoolTier.Agent) - LimitOf(PoolTier.System),
    };

    /// <summary>With this many connections taken, agents are turned away.</summary>
    public int BreakerThreshold => (int)Math.Ceiling(Connections * BreakerShare);
}
