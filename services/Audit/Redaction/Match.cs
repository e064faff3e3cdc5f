namespace AgentPlatform.Audit.Redaction;

/// <summary>Something to take out: from <paramref name="Start"/> to just before <paramref name="End"/>, in characters.</summary>
public readonly record struct Match(RedactionKind Kind, int Start, int End);
