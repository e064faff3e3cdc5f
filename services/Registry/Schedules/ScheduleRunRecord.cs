using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.schedule_runs</c>.</summary>
public sealed record ScheduleRunRecord(Guid Id, Guid ScheduleId, DateTimeOffset TickAt, string TriggeredBy, ScheduleRunOutcome Outcome, DateTimeOffset RunAt)
{
    /// <summary>The most ids of tasks that are kept.</summary>
    public const int IdsMaximum = 20;

    public DateTimeOffset? SkippedUntil { get; init; }

    public IReadOnlyList<Guid> TaskIds { get; init; } = [];

    public int TaskCount { get; init; }

    public Guid? ParentId { get; init; }

    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    public ScheduleRun ToProto() => new()
    {
        Id = Id.ToString(),
        ScheduleId = ScheduleId.ToString(),
        TickTime = TickAt.ToTimestamp(),
        TriggeredBy = TriggeredBy,
        Outcome = Outcome,
        SkippedUntil = SkippedUntil?.ToTimestamp(),
        TaskIds = { TaskIds.Select(id => id.ToString()) },
        TaskCount = TaskCount,
        ParentId = ParentId?.ToString() ?? "",
        Reason = Reason,
        Message = Message,
        RunTime = RunAt.ToTimestamp(),
    };
}
