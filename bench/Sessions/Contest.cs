namespace AgentPlatform.Bench.Sessions;

/// <summary>One call of the service, the same by hand, and what a peer does in its place.</summary>
/// <param name="Name">The call, as <c>--only</c> takes it.</param>
/// <param name="Hand">The same durable effect, or the same read, by hand.</param>
/// <param name="Service">The call.</param>
/// <param name="PeerCall">The peer's call that is nearest to it, or null.</param>
/// <param name="PeerGoal">How many times as fast as the peer the service shall be.</param>
public sealed record Contest(string Name, Func<Task> Hand, Func<Task> Service, string? PeerCall = null, double PeerGoal = 0);
