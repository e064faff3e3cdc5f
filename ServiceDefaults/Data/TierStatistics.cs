namespace AgentPlatform;

/// <summary>How one tier of the pool stands.</summary>
/// <param name="Tier">Whose connections.</param>
/// <param name="Limit">How many it has.</param>
/// <param name="InUse">How many are taken.</param>
/// <param name="Waiting">Calls that wait for one.</param>
/// <param name="Refused">Calls that got none since the process started.</param>
public sealed record TierStatistics(PoolTier Tier, int Limit, int InUse, int Waiting, long Refused);
