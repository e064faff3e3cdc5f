namespace AgentPlatform.Bench.Gateway;

/// <summary>Where a peer stands, and what it is told.</summary>
/// <param name="Port">Where it takes calls.</param>
/// <param name="ServicePort">Where the service takes them.</param>
/// <param name="Folder">A folder of its own.</param>
/// <param name="KeyFile">The public key that tokens are signed with, as PEM.</param>
/// <param name="CallsPerMinute">How many calls of one caller it lets pass, if it counts them.</param>
public sealed record PeerPlace(int Port, int ServicePort, string Folder, string KeyFile, int CallsPerMinute);
