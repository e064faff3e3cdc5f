namespace AgentPlatform.Bench.Gateway;

/// <summary>A proxy of others.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Program">Its program, and the system's package that it is in.</param>
/// <param name="Arguments">What it is started with, for the file with its configuration and a folder of its own.</param>
/// <param name="Configuration">What it is configured with.</param>
/// <param name="IsChecking">Whether it looks at tokens and counts calls.</param>
public sealed record PeerKind(string Name, string Program, Func<string, string, string[]> Arguments, Func<PeerPlace, string> Configuration, bool IsChecking = false);
