using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>A row of <c>session.approvals</c>.</summary>
public sealed record ApprovalRecord(
    Guid Id, Guid? SessionId, Guid? TaskId, string AgentId, string RequestedBy, Role ApproverRole, string Action, string Arguments, string Digest, string Reason,
    ApprovalStatus Status, DateTimeOffset ExpiresAt, OnExpiry OnExpiry, Role EscalateTo, bool Escalated, string DecidedBy, DateTimeOffset? DecidedAt,
    string Notes, DateTimeOffset? ConsumedAt, long Version, DateTimeOffset CreatedAt)
{
    /// <summary>Whether it can change no more.</summary>
    public bool IsFinal => Status is ApprovalStatus.ApprovalRejected or ApprovalStatus.ApprovalConsumed or ApprovalStatus.ApprovalExpired;

    public Approval ToProto() => new()
    {
        Id = Id.ToString(),
        SessionId = SessionId?.ToString() ?? "",
        TaskId = TaskId?.ToString() ?? "",
        AgentId = AgentId,
        RequestedBy = RequestedBy,
        ApproverRole = ApproverRole,
        Action = Action,
        Arguments = JsonStruct.Parse(Arguments),
        Digest = Digest,
        Reason = Reason,
        Status = Status,
        ExpireTime = ExpiresAt.ToTimestamp(),
        OnExpiry = OnExpiry,
        EscalateTo = EscalateTo,
        Escalated = Escalated,
        DecidedBy = DecidedBy,
        DecideTime = DecidedAt?.ToTimestamp(),
        Notes = Notes,
        ConsumeTime = ConsumedAt?.ToTimestamp(),
        Version = Version,
        CreateTime = CreatedAt.ToTimestamp(),
    };
}
