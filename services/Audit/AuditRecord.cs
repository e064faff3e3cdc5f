using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Audit;

/// <summary>A row of <c>audit.audit_log</c>. Its position is zero until the log has given it one.</summary>
public sealed record AuditRecord(
    long Position, Guid EventId, DateTimeOffset OccurredAt, DateTimeOffset RecordedAt, string AgentId, string AgentVersion,
    string Principal, IReadOnlyList<string> Roles, string Service, string Operation, string Resource, Outcome Outcome,
    string ErrorMessage, double ExecutionTimeMs, string AuthorizedBy, string CorrelationId, string TraceId, string Metadata)
{
    public AuditEntry ToProto() => new()
    {
        EventId = EventId.ToString(),
        OccurTime = OccurredAt.ToTimestamp(),
        RecordTime = RecordedAt.ToTimestamp(),
        AgentId = AgentId,
        AgentVersion = AgentVersion,
        Principal = Principal,
        Roles = { Roles },
        Service = Service,
        Operation = Operation,
        Resource = Resource,
        Outcome = Outcome,
        ErrorMessage = ErrorMessage,
        ExecutionTimeMs = ExecutionTimeMs,
        AuthorizedBy = AuthorizedBy,
        CorrelationId = CorrelationId,
        TraceId = TraceId,
        Metadata = Struct.Parser.ParseJson(Metadata),
    };
}
