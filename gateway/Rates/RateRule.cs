namespace AgentPlatform.Gateway;

/// <summary>What a call counts.</summary>
/// <param name="IsMachine">Whether only agents and services may call the method: these calls have a budget of their own.</param>
/// <param name="Cost">How much of its budget it takes.</param>
public readonly record struct RateRule(bool IsMachine, double Cost);
