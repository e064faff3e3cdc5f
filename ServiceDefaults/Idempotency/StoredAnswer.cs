namespace AgentPlatform;

/// <summary>A row of <c>idempotency</c>: what was answered to the first call with its key.</summary>
internal sealed record StoredAnswer(IdempotentCall Call, byte[] Answer, DateTimeOffset CreatedAt);
