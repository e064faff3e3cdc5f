using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static AgentPlatform.Contracts.Session.V1.RoleTaskStatus;

namespace AgentPlatform.Sessions;

/// <summary>What a task between roles may be, where it may go, and who may move it. No I/O.</summary>
public static class TaskRules
{
    public const int JsonMaximumBytes = 256 * 1024;
    public const int KeyMaximumCharacters = 255;
    public const int ReasonMaximumCharacters = 1_000;
    public const int ProgressMessageMaximumCharacters = 1_000;
    public const int HighestPriority = 9;
    public const int LongestTimeoutSeconds = 30 * 24 * 60 * 60;
    public const int WholePercent = 100;
    private const int PriorityUnlessGiven = 5;
    private const int TimeoutSecondsUnlessGiven = 60 * 60;
    private const int TraceIdCharacters = 32;

    public static bool IsEnded(RoleTaskStatus status) => status is Completed or Failed or RoleTaskStatus.Timeout or Cancelled;

    public static bool IsLegal(RoleTaskStatus from, RoleTaskStatus to) => (from, to) switch
    {
        (Pending, Assigned) => true,
        (Assigned, InProgress) => true,
        (InProgress, InProgress or Completed or Failed) => true, // to itself: it tells how far it is
        (Pending or Assigned or InProgress, RoleTaskStatus.Timeout or Cancelled) => true,
        _ => false, // ended tasks never move again
    };

    /// <summary>Where the task stands by the clock: the sweep, which writes that down, may be a moment late.</summary>
    public static RoleTaskStatus StatusAt(TaskRecord task, DateTimeOffset now) =>
        !IsEnded(task.Status) && now >= task.TimesOutAt ? RoleTaskStatus.Timeout : task.Status;

    /// <summary>Whether this caller may take this step, now.</summary>
    public static void CheckStep(TaskRecord task, TransitionTaskRequest request, Caller caller, DateTimeOffset now)
    {
        if (!MayTake(task, request.Status, caller))
            throw Errors.PermissionDenied("NOT_YOUR_STEP", $"It is not for agent {caller.AgentId} to make this task {Name(request.Status)}.");
        if (request.Version != 0 && request.Version != task.Version)
            throw Errors.ConcurrentUpdate($"Task {task.Id}");
        if (task.Dispatch && request.Status != Cancelled)
            throw Errors.FailedPrecondition("TASK_DISPATCHED", $"Task {task.Id} is an agent's of Registry, which tells how it stands; here it can only be cancelled.");
        var from = StatusAt(task, now);
        if (!IsLegal(from, request.Status))
            throw new PlatformException(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", $"A task that is {Name(from)} cannot become {Name(request.Status)}.")
            {
                Facts = new Dictionary<string, string> { ["from"] = Name(from), ["to"] = Name(request.Status) },
            };
    }

    /// <summary>The task after a step that <see cref="CheckStep"/> lets through.</summary>
    public static TaskRecord Step(TaskRecord task, TransitionTaskRequest request, string? resultJson, DateTimeOffset now) => task with
    {
        Status = request.Status,
        AssignedTo = request.Status == Assigned ? request.AssignedTo : task.AssignedTo,
        ProgressPercent = request.Status == Completed ? WholePercent : request.HasProgressPercent ? request.ProgressPercent : task.ProgressPercent,
        ProgressMessage = request.HasProgressMessage ? request.ProgressMessage : task.ProgressMessage,
        ResultJson = resultJson,
        Reason = request.Reason,
        Version = task.Version + 1,
        UpdatedAt = now,
        EndedAt = IsEnded(request.Status) ? now : null,
    };

    /// <summary>The task when its time is up.</summary>
    public static TaskRecord TimeOut(TaskRecord task, DateTimeOffset now) => task with
    {
        Status = RoleTaskStatus.Timeout,
        Reason = $"Its {task.TimeoutSeconds} s were up.",
        Version = task.Version + 1,
        UpdatedAt = now,
        EndedAt = now,
    };

    /// <summary>The task that has the sender's key already, if it is the same one.</summary>
    public static TaskRecord CheckSame(TaskRecord existing, TaskRecord given) => existing.Digest == given.Digest ? existing
        : throw new PlatformException(StatusCode.AlreadyExists, "TASK_KEY_TAKEN", $"Task {existing.Id} has this idempotency key, and it is another one.")
        {
            Facts = new Dictionary<string, string> { ["task_id"] = existing.Id.ToString() },
        };

    /// <summary>Whether something may still be asked for in this task.</summary>
    public static TaskRecord CheckOpen(TaskRecord task, DateTimeOffset now) => StatusAt(task, now) is var status && !IsEnded(status) ? task
        : throw Errors.FailedPrecondition("TASK_ENDED", $"Task {task.Id} has ended: it is {Name(status)}.");

    /// <summary>What watchers of a task listen to.</summary>
    public static string TopicOf(Guid id) => $"task/{id}";

    /// <summary>To an agent, a task that it neither has sent nor is to do is as if it were not there.</summary>
    public static TaskRecord Visible(TaskRecord? task, Guid id, Caller caller) =>
        task is not null && IsVisible(task, caller) ? task : throw Errors.NotFound("TASK_NOT_FOUND", $"There is no task {id}.");

    public static bool IsVisible(TaskRecord task, Caller caller) => caller.MaySee(task.AgentId) || caller.MaySee(task.AssignedTo);

    /// <summary>Reads a new task, as it is before anybody has touched it; only its id and times are still to be given.</summary>
    public static TaskRecord Check(CreateTaskRequest request, Caller caller)
    {
        var checks = new FieldChecks()
            .DottedName("type", request.Type)
            .Name("from_role", request.FromRole)
            .Name("to_role", request.ToRole)
            .Json("payload", request.Payload, JsonMaximumBytes, out var payload)
            .Require(!request.HasPriority || request.Priority is >= 0 and <= HighestPriority, "priority", $"must be 0–{HighestPriority}")
            .Require(request.TimeoutSeconds is >= 0 and <= LongestTimeoutSeconds, "timeout_seconds", $"must be 1–{LongestTimeoutSeconds:N0}")
            .Require(request.TraceId.Length is 0 || request.TraceId.Length is TraceIdCharacters && request.TraceId.All(char.IsAsciiHexDigitLower),
                "trace_id", "must be 32 lower-case hexadecimal digits")
            .Text("idempotency_key", request.IdempotencyKey, KeyMaximumCharacters)
            .OptionalId("session_id", request.SessionId, out var sessionId);
        checks.ThrowIfAny();
        return new TaskRecord(Guid.Empty, request.Type, request.FromRole, request.ToRole, payload, request.HasPriority ? request.Priority : PriorityUnlessGiven,
            request.TimeoutSeconds == 0 ? TimeoutSecondsUnlessGiven : request.TimeoutSeconds, request.TraceId, request.IdempotencyKey, TaskDigest.Of(request), sessionId,
            Pending, caller.Subject, caller.AgentId, "", 0, "", null, "", 1, default, default, default, null, request.Dispatch, 0);
    }

    public static void Check(ListTasksRequest request, out Guid? sessionId)
    {
        var checks = new FieldChecks().KnownOrUnspecified("status", request.Status).OptionalId("session_id", request.SessionId, out sessionId);
        if (request.FromRole.Length > 0)
            checks.Name("from_role", request.FromRole);
        if (request.ToRole.Length > 0)
            checks.Name("to_role", request.ToRole);
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        checks.ThrowIfAny();
    }

    public static void Check(TransitionTaskRequest request, out Guid id, out string? resultJson)
    {
        var (isProgress, given) = (request.Status == InProgress, ResultOf(request));
        var checks = new FieldChecks()
            .Id("id", request.Id, out id)
            .Known("status", request.Status)
            .Require(request.Status != RoleTaskStatus.Timeout, "status", "is the platform's own: a person cancels")
            .Require(request.Version >= 0, "version", "is negative")
            .Require(request.AssignedTo.Length == 0 || request.Status == Assigned, "assigned_to", "goes with ASSIGNED alone")
            .Require(!request.HasProgressPercent || isProgress && request.ProgressPercent is >= 0 and <= WholePercent, "progress_percent", "must be 0–100, and goes with IN_PROGRESS alone")
            .Require(!request.HasProgressMessage || isProgress, "progress_message", "goes with IN_PROGRESS alone")
            .Text("progress_message", request.ProgressMessage, ProgressMessageMaximumCharacters)
            .Require(given is null || request.Status is Completed or Failed, "result", "goes with COMPLETED and FAILED alone")
            .Json("result", given, JsonMaximumBytes, out var json)
            .Text("reason", request.Reason, ReasonMaximumCharacters);
        if (request.Status == Assigned)
            checks.DottedName("assigned_to", request.AssignedTo);
        checks.ThrowIfAny();
        resultJson = given is null ? null : json;
    }

    /// <summary>The state as people read it.</summary>
    public static string Name(RoleTaskStatus status) => EnumText.Of(status).ToUpperInvariant();

    // Whoever is no agent may all that is legal. An agent may be both, sender and doer.
    private static bool MayTake(TaskRecord task, RoleTaskStatus to, Caller caller) => !caller.IsAgent
        || to is InProgress or Completed or Failed && caller.AgentId == task.AssignedTo
        || to is Cancelled && caller.AgentId == task.AgentId;

    private static Struct? ResultOf(TransitionTaskRequest request) => request is { Result: { } given } ? given : null;
}
