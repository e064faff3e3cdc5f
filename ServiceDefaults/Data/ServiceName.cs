namespace AgentPlatform;

/// <summary>The name of this service: its schema, its login role, its place in traces.</summary>
public sealed record ServiceName(string Name);
