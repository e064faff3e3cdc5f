using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.schedules</c>.</summary>
public sealed record ScheduleRecord(
    Guid Id, string Name, ScheduleContent Content, bool Enabled, string PauseReason, DateTimeOffset? NextAt, DateTimeOffset? LastAt, string CreatedBy,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, long Version)
{
    public Schedule ToProto() => new()
    {
        Id = Id.ToString(),
        Name = Name,
        Spec = Content.ToProto(),
        Enabled = Enabled,
        PauseReason = PauseReason,
        NextTime = NextAt?.ToTimestamp(),
        LastTime = LastAt?.ToTimestamp(),
        CreatedBy = CreatedBy,
        CreateTime = CreatedAt.ToTimestamp(),
        UpdateTime = UpdatedAt.ToTimestamp(),
        Version = Version,
    };
}
