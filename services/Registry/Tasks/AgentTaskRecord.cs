using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.tasks</c>; <see cref="Payload"/> and <see cref="ResultJson"/> are left out where nobody needs them.</summary>
public sealed record AgentTaskRecord
{
    public required Guid Id { get; init; }

    public required Guid? ParentId { get; init; }

    public required string? Origin { get; init; }

    public required string Type { get; init; }

    /// <summary>A JSON object.</summary>
    public required string? Payload { get; init; }

    /// <summary>For whom; of a pool's task, who holds it or did.</summary>
    public required string? AgentId { get; init; }

    /// <summary>The pool that it waits in; null when it is for one agent.</summary>
    public required Pool? Pool { get; init; }

    public required int Priority { get; init; }

    public required AgentTaskStatus Status { get; init; }

    public required DateTimeOffset AvailableAt { get; init; }

    public required int TimeoutSeconds { get; init; }

    public required int MaxAttempts { get; init; }

    public required int BackoffSeconds { get; init; }

    public required int Attempt { get; init; }

    public required int AttemptLimit { get; init; }

    public required long HolderEpoch { get; init; }

    public required DateTimeOffset? LeaseUntil { get; init; }

    public required bool CancelRequested { get; init; }

    public required int ProgressPercent { get; init; }

    public required string ProgressMessage { get; init; }

    /// <summary>A JSON object, when it is completed.</summary>
    public required string? ResultJson { get; init; }

    public required string Reason { get; init; }

    public required string Message { get; init; }

    public required string CorrelationId { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public required DateTimeOffset? StartedAt { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }

    public required long Version { get; init; }

    /// <summary>Where it waits.</summary>
    public string Queue => Pool?.Key ?? AgentTaskRules.QueueOf(AgentId!);

    public bool IsHeld => Status is AgentTaskStatus.Assigned or AgentTaskStatus.InProgress;

    public bool IsEnded => EndedAt is not null;

    public AgentTask ToProto() => new()
    {
        Id = Id.ToString(),
        ParentId = ParentId?.ToString() ?? "",
        Origin = Origin ?? "",
        Type = Type,
        Payload = Payload is null ? null : JsonStruct.Parse(Payload),
        AgentId = AgentId ?? "",
        Any = Pool?.ToProto(),
        Priority = Priority,
        Status = Status,
        AvailableTime = AvailableAt.ToTimestamp(),
        TimeoutSeconds = TimeoutSeconds,
        MaxAttempts = MaxAttempts,
        BackoffSeconds = BackoffSeconds,
        Attempt = Attempt,
        LeaseExpireTime = LeaseUntil?.ToTimestamp(),
        CancelRequested = CancelRequested && !IsEnded,
        ProgressPercent = ProgressPercent,
        ProgressMessage = ProgressMessage,
        Result = ResultJson is null ? null : JsonStruct.Parse(ResultJson),
        Reason = Reason,
        Message = Message,
        CorrelationId = CorrelationId,
        CreatedBy = CreatedBy,
        CreateTime = CreatedAt.ToTimestamp(),
        UpdateTime = UpdatedAt.ToTimestamp(),
        StartTime = StartedAt?.ToTimestamp(),
        EndTime = EndedAt?.ToTimestamp(),
        Version = Version,
    };
}
