namespace AgentPlatform.Cli.Simulation;

/// <summary>How simulated agents behave.</summary>
public enum SimulationProfile
{
    /// <summary>They connect and stay.</summary>
    Steady,

    /// <summary>Each breaks its stream off now and then.</summary>
    Flaky,

    /// <summary>All break off at the same time, again and again.</summary>
    Storm,
}
