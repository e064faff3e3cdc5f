namespace AgentPlatform;

/// <summary>Whose work a connection does. Each tier has a share of the pool that no other can take.</summary>
public enum PoolTier
{
    /// <summary>The platform's own work: the relay, sweepers, other services.</summary>
    System,

    /// <summary>People.</summary>
    Ui,

    /// <summary>Agents.</summary>
    Agent,
}
