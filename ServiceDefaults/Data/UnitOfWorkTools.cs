namespace AgentPlatform;

/// <summary>What every unit of work of a process uses.</summary>
public sealed record UnitOfWorkTools(
    ServiceName Service, TieredPool Pool, ConnectionTags Tags, GroupCommit Commits, GroupRead Reads, OutboxSignal Signal, Wakeups Wakeups, IdempotencySettings Idempotency, UnitOfWorkMetrics Metrics,
    TimeProvider Clock);
