using Grpc.Core;

namespace AgentPlatform;

/// <summary>What a unit of work needs to know of its call and its service.</summary>
internal sealed record UnitOfWorkScope(
    Database Database, ServerCallContext Context, Caller Caller, string Service, string ConnectionTag, OutboxSignal Signal, AnswerCache Answers,
    IdempotencySettings Idempotency, UnitOfWorkMetrics Metrics, TimeProvider Clock);
