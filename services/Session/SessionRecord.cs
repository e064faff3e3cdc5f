using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>A row of <c>session.sessions</c>.</summary>
public sealed record SessionRecord
{
    public required Guid Id { get; init; }

    public required string Role { get; init; }

    public required string Task { get; init; }

    /// <summary>The agent that does the work; empty when none is named.</summary>
    public required string AgentId { get; init; }

    /// <summary>What it is about; both parts empty when it is about nothing in particular.</summary>
    public required string SubjectType { get; init; }

    public required string SubjectId { get; init; }

    public required string Profile { get; init; }

    public required SessionStatus Status { get; init; }

    /// <summary>A JSON object.</summary>
    public required string Metadata { get; init; }

    public required string TraceId { get; init; }

    public required bool LegalHold { get; init; }

    /// <summary>How long it may be left alone.</summary>
    public required TimeSpan Ttl { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The sequence of its last event, and how many it has.</summary>
    public required long LastSequence { get; init; }

    public required long Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }

    public bool IsEnded => SessionRules.IsEnded(Status);

    public Session ToProto() => new()
    {
        Id = Id.ToString(),
        Role = Role,
        Task = Task,
        AgentId = AgentId,
        Subject = ToSubject(),
        Profile = Profile,
        Status = Status,
        Metadata = JsonStruct.Parse(Metadata),
        TraceId = TraceId,
        LegalHold = LegalHold,
        Ttl = Ttl.ToDuration(),
        ExpireTime = ExpiresAt.ToTimestamp(),
        LastSequence = LastSequence,
        Version = Version,
        CreateTime = CreatedAt.ToTimestamp(),
        UpdateTime = UpdatedAt.ToTimestamp(),
        EndTime = EndedAt?.ToTimestamp(),
    };

    private Subject? ToSubject() => SubjectType.Length == 0 ? null : new Subject { Type = SubjectType, Id = SubjectId };
}
