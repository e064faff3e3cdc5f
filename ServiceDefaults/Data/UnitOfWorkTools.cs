namespace AgentPlatform;

/// <summary>What every unit of work of a process uses.</summary>
public sealed record UnitOfWorkTools(
    ServiceName Service, ConnectionTags Tags, OutboxSignal Signal, Wakeups Wakeups, AnswerCache Answers, IdempotencySettings Idempotency, UnitOfWorkMetrics Metrics,
    TimeProvider Clock);
