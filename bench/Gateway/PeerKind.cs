namespace AgentPlatform.Bench.Gateway;

/// <summary>A proxy of others.</summary>
/// <param name="Name">Its program, and the system's package that it is in.</param>
/// <param name="Arguments">What it is started with, for the file with its configuration and a folder of its own.</param>
/// <param name="Configuration">The configuration, for its port, the service's, and the folder.</param>
public sealed record PeerKind(string Name, Func<string, string, string[]> Arguments, Func<int, int, string, string> Configuration);
