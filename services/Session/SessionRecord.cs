using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>A row of <c>session.sessions</c>.</summary>
public sealed record SessionRecord(
    Guid Id, string Role, string Task, string AgentId, SessionStatus Status, string Metadata, long Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? EndedAt,
    long EventCount = 0, bool LegalHold = false)
{
    public Session ToProto() => new()
    {
        Id = Id.ToString(),
        Role = Role,
        Task = Task,
        AgentId = AgentId,
        Status = Status,
        Metadata = Struct.Parser.ParseJson(Metadata),
        Version = Version,
        CreateTime = CreatedAt.ToTimestamp(),
        UpdateTime = UpdatedAt.ToTimestamp(),
        EndTime = EndedAt?.ToTimestamp(),
        EventCount = EventCount,
        LegalHold = LegalHold,
    };
}
