namespace AgentPlatform.Registry;

/// <summary>How a ring stands.</summary>
/// <param name="Total">How many agents it has.</param>
/// <param name="Done">How many of them have come to an end, whichever.</param>
/// <param name="Failed">How many of those have not got the package.</param>
public sealed record RingCounts(int Total, int Done, int Failed);
