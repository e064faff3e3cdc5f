namespace AgentPlatform.Feed;

/// <summary>What a package needs beside it, of <paramref name="Version"/> or later.</summary>
internal sealed record PackageDependency(string Id, string Version);
