namespace AgentPlatform.Feed;

/// <summary>What a finished program answered.</summary>
/// <param name="ExitCode">Zero for success.</param>
/// <param name="Output">Standard output and standard error, one after the other.</param>
internal sealed record CommandResult(int ExitCode, string Output);
