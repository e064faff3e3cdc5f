namespace AgentPlatform;

/// <summary>What a unit of work needs to know of its cause, a call or the service's own clockwork, and of its service.</summary>
internal sealed record UnitOfWorkScope(
    Database Database, Caller Caller, IdempotentCall? Call, string CorrelationId, string SourceAddress, CancellationToken Cancellation, string ConnectionTag,
    UnitOfWorkTools Tools);
