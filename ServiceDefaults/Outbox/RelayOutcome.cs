namespace AgentPlatform;

/// <summary>What came of one batch of a <see cref="Relay"/>.</summary>
public enum RelayOutcome
{
    /// <summary>All that there was has been carried: wait until there may be more.</summary>
    Done,

    /// <summary>There may be more at once.</summary>
    More,

    /// <summary>Another instance carries them; it may not see what has come since it looked.</summary>
    OthersTurn,
}
