using AgentPlatform.Contracts.Audit.V1;

namespace AgentPlatform.Audit;

/// <summary>Which entries to list; empty and null filter nothing. Checked, and narrowed to what the caller may see.</summary>
public sealed record AuditFilter(
    string AgentId, string Operation, string OperationPrefix, string ResourcePrefix, string CorrelationId, string TraceId,
    DateTimeOffset? StartAt, DateTimeOffset? EndAt, Outcome Outcome);
