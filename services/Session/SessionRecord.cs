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
        Metadata = Struct.Parser.ParseJson(Metadata),
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

    /// <summary>What those who are told of its end get to read. Not the metadata, which may be large, and not meant for them.</summary>
    public Struct ToNotification() => new()
    {
        Fields =
        {
            ["id"] = Value.ForString(Id.ToString()),
            ["role"] = Value.ForString(Role),
            ["agent_id"] = Value.ForString(AgentId),
            ["subject_type"] = Value.ForString(SubjectType),
            ["subject_id"] = Value.ForString(SubjectId),
            ["status"] = Value.ForString(SessionRules.NameOf(Status)),
            ["last_sequence"] = Value.ForNumber(LastSequence),
            ["update_time"] = Value.ForString(UpdatedAt.UtcDateTime.ToString("O")),
        },
    };

    private Subject? ToSubject() => SubjectType.Length == 0 ? null : new Subject { Type = SubjectType, Id = SubjectId };
}
