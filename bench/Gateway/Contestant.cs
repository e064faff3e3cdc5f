namespace AgentPlatform.Bench.Gateway;

/// <summary>One way to the service.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Way">The calls.</param>
/// <param name="IsCompiledAsItRuns">Whether what is between caller and service gets faster in its first seconds.</param>
public sealed record Contestant(string Name, Way Way, bool IsCompiledAsItRuns);
