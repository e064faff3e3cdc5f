namespace AgentPlatform;

/// <summary>How many go at once.</summary>
/// <param name="Group">At most so many in a group; what lies beyond takes the next one.</param>
/// <param name="Eager">So many groups of a tier go out at once even if few are waiting …</param>
/// <param name="WaitingForAnother">… and one more when so many are waiting: where the server is slow, that is soon.</param>
internal sealed record FlightLimits(int Group, int Eager, int WaitingForAnother);
