namespace AgentPlatform.Feed;

/// <summary>One file of a package, under its path in it, for example <c>lib/net10.0/X.dll</c>.</summary>
internal sealed record PackageFile(string Path, byte[] Content);
