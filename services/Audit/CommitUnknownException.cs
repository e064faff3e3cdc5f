namespace AgentPlatform.Audit;

/// <summary>The connection broke at the commit; whether the batch is in the log is not known.</summary>
public sealed class CommitUnknownException(Exception inner) : Exception("The connection broke at the commit.", inner);
