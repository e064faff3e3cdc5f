namespace AgentPlatform;

/// <summary>A field of a request and what is wrong with it, in words that complete "field …".</summary>
public sealed record FieldViolation(string Field, string Description);
