using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>A row of <c>session.tasks</c>.</summary>
public sealed record TaskRecord(
    Guid Id, string Type, string FromRole, string ToRole, string Payload, int Priority, int TimeoutSeconds, string TraceId, string IdempotencyKey, string Digest, Guid? SessionId,
    RoleTaskStatus Status, string CreatedBy, string AgentId, string AssignedTo, int ProgressPercent, string ProgressMessage, string? ResultJson, string Reason,
    long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset TimesOutAt, DateTimeOffset? EndedAt,
    bool Dispatch, long RegistryVersion)
{
    public bool IsEnded => TaskRules.IsEnded(Status);

    public RoleTask ToProto() => new()
    {
        Id = Id.ToString(),
        Type = Type,
        FromRole = FromRole,
        ToRole = ToRole,
        Payload = JsonStruct.Parse(Payload),
        Priority = Priority,
        TimeoutSeconds = TimeoutSeconds,
        TraceId = TraceId,
        IdempotencyKey = IdempotencyKey,
        SessionId = SessionId?.ToString() ?? "",
        Status = Status,
        CreatedBy = CreatedBy,
        AgentId = AgentId,
        AssignedTo = AssignedTo,
        ProgressPercent = ProgressPercent,
        ProgressMessage = ProgressMessage,
        Result = ResultJson is null ? null : JsonStruct.Parse(ResultJson),
        Reason = Reason,
        Version = Version,
        CreateTime = CreatedAt.ToTimestamp(),
        UpdateTime = UpdatedAt.ToTimestamp(),
        TimeoutTime = TimesOutAt.ToTimestamp(),
        EndTime = EndedAt?.ToTimestamp(),
        Dispatch = Dispatch,
    };
}
