using AgentPlatform.Contracts.Registry.V1;
using static AgentPlatform.Contracts.Registry.V1.AgentTaskStatus;

namespace AgentPlatform.Registry;

/// <summary>The life of a task: how each step changes it, and why a step is refused. No I/O.</summary>
public static class AgentTaskRules
{
    public const int DefaultPriority = 5;
    public const int DefaultTimeoutSeconds = 300;
    public const int DefaultAttempts = 3;
    public const int DefaultBackoffSeconds = 5;
    public const string StaleLeaseReason = "STALE_LEASE";
    public const string NoAgentMatchesReason = "NO_AGENT_MATCHES";
    public const string LeaseLost = "LEASE_LOST";
    public const string AgentRestarted = "AGENT_RESTARTED";
    public const string AgentOffline = "AGENT_OFFLINE";
    private const string OutOfTime = "TIMED_OUT";
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromHours(1);

    // An hour is reached long before; 2^30 seconds still fit.
    private const int BackoffDoublingsMaximum = 30;

    /// <summary>What a task in this queue wakes, and so many of them.</summary>
    public static string TopicOfQueue(string queue, int count = 1) => count == 1 ? $"{QueueTopics}{queue}" : $"{QueueTopics}{queue}*{count}";

    /// <summary>Where the tasks of one agent wait.</summary>
    public static string QueueOf(string agentId) => $"agent:{agentId}";

    /// <summary>What a change of the task wakes.</summary>
    public static string TopicOf(Guid id) => $"task/{id}";

    public const string QueueTopics = "queue/";

    /// <summary>What an agent wakes that lets go of a task: of no interest to it unless more waits than it had room for.</summary>
    public static string TopicOfRoom(string agentId) => $"{RoomTopics}{agentId}";

    public const string RoomTopics = "room/";

    /// <summary>The task, when the caller may see it.</summary>
    public static AgentTaskRecord Visible(AgentTaskRecord? task, Guid id, Caller caller) =>
        task is not null && (!caller.IsAgent || task.AgentId == caller.AgentId) ? task : throw NotFound(id);

    /// <summary>The task, when the agent may have held it: one for any agent may have been taken from it since.</summary>
    public static AgentTaskRecord Known(AgentTaskRecord? task, Guid id, string agentId) =>
        task is not null && (task.AgentId == agentId || task.Pool is not null) ? task : throw NotFound(id);

    /// <summary>Whether the agent holds the task by this fence.</summary>
    public static bool IsHeldBy(AgentTaskRecord task, string agentId, Fence fence) => task.IsHeld && task.AgentId == agentId && IsHolder(task, fence);

    public static PlatformException StaleLease(AgentTaskRecord task, Fence fence) => Errors.FailedPrecondition(StaleLeaseReason,
        $"Task {task.Id} is {EnumText.Of(task.Status)}, and not held by attempt {fence.Attempt} at epoch {fence.Epoch}.");

    /// <summary>A task as it stands when it is made.</summary>
    public static AgentTaskRecord New(NewAgentTask task, Guid id, string createdBy, DateTimeOffset now) => new()
    {
        Id = id,
        ParentId = task.ParentId,
        Origin = task.Origin,
        Type = task.Type,
        Payload = task.Payload,
        AgentId = task.AgentId,
        Pool = task.Pool,
        Priority = task.Priority,
        Status = task.NotBefore > now ? Delayed : Pending,
        AvailableAt = task.NotBefore ?? now,
        TimeoutSeconds = task.TimeoutSeconds,
        MaxAttempts = task.MaxAttempts,
        BackoffSeconds = task.BackoffSeconds,
        Attempt = 0,
        AttemptLimit = task.MaxAttempts,
        HolderEpoch = 0,
        LeaseUntil = null,
        CancelRequested = false,
        ProgressPercent = 0,
        ProgressMessage = "",
        ResultJson = null,
        Reason = "",
        Message = "",
        CorrelationId = task.CorrelationId,
        CreatedBy = createdBy,
        CreatedAt = now,
        UpdatedAt = now,
        StartedAt = null,
        EndedAt = null,
        Version = 1,
    };

    /// <summary>A new task that its agent is given as it is made.</summary>
    public static AgentTaskRecord HandOver(AgentTaskRecord made, AgentStream stream, DateTimeOffset leaseUntil) => made with
    {
        Status = Assigned,
        Attempt = 1,
        HolderEpoch = stream.Epoch,
        LeaseUntil = leaseUntil,
        Version = 2,
    };

    public static AgentTaskRecord Start(AgentTaskRecord task, DateTimeOffset now) => task.Status is InProgress ? task : Changed(task, now) with
    {
        Status = InProgress,
        StartedAt = now,
        LeaseUntil = now.AddSeconds(task.TimeoutSeconds),
        ProgressPercent = 0,
        ProgressMessage = "",
    };

    public static AgentTaskRecord Progress(AgentTaskRecord task, int percent, string message, DateTimeOffset now) =>
        Changed(task, now) with { ProgressPercent = percent, ProgressMessage = message };

    public static AgentTaskRecord Extend(AgentTaskRecord task, int seconds, DateTimeOffset now) =>
        Changed(task, now) with { LeaseUntil = now.AddSeconds(seconds == 0 ? task.TimeoutSeconds : seconds) };

    /// <summary>Whether this very attempt has completed it before.</summary>
    public static bool WasCompletedBy(AgentTaskRecord task, string agentId, Fence fence) => task.Status is Completed && task.AgentId == agentId && IsHolder(task, fence);

    public static AgentTaskRecord Complete(AgentTaskRecord task, string result, DateTimeOffset now) =>
        Ended(task, Completed, now) with { ResultJson = result, ProgressPercent = 100, Reason = "", Message = "" };

    /// <summary>The holder gives the attempt up.</summary>
    public static AgentTaskRecord Fail(AgentTaskRecord task, string reason, string message, bool permanent, DateTimeOffset now) =>
        LetGo(task, permanent, Failed, reason, message, now);

    /// <summary>The lease is over, by the clock.</summary>
    public static AgentTaskRecord Expire(AgentTaskRecord task, DateTimeOffset now) => task.Status is InProgress
        ? LetGo(task, false, TimedOut, OutOfTime, $"The attempt took longer than it may, until {task.LeaseUntil:O}.", now)
        : Lose(task, LeaseLost, "The agent got the task and did not start it.", now);

    /// <summary>The holder is no longer there.</summary>
    public static AgentTaskRecord Lose(AgentTaskRecord task, string reason, string message, DateTimeOffset now) =>
        LetGo(task, false, Failed, reason, message, now);

    /// <summary>Calls the task off, or marks it while somebody holds it.</summary>
    public static AgentTaskRecord Cancel(AgentTaskRecord task, string reason, DateTimeOffset now)
    {
        if (task.Status is Cancelled || task.IsHeld && task.CancelRequested)
            return task;
        if (task.IsEnded)
            throw Errors.FailedPrecondition("TASK_ENDED", $"Task {task.Id} has ended as {EnumText.Of(task.Status)}.");
        return task.IsHeld ? Changed(task, now) with { CancelRequested = true, Message = reason }
            : Ended(task, Cancelled, now) with { Reason = "CANCELLED", Message = reason };
    }

    /// <summary>Gives the task all its attempts again. Attempts are counted on, for each is a fence.</summary>
    public static AgentTaskRecord Replay(AgentTaskRecord task, DateTimeOffset now) => task.Status is Failed or TimedOut or Cancelled
        ? Waiting(task, now, TimeSpan.Zero) with { AttemptLimit = task.Attempt + task.MaxAttempts, Reason = "", Message = "" }
        : throw Errors.FailedPrecondition("NOT_REPLAYABLE", $"Task {task.Id} is {EnumText.Of(task.Status)}; only a failed, timed out or cancelled one can be replayed.");

    public static PlatformException NotFound(Guid id) => Errors.NotFound("TASK_NOT_FOUND", $"There is no task {id}.");

    public static PlatformException NoAgentMatches() => Errors.FailedPrecondition(NoAgentMatchesReason, "No active agent matches the selection.");

    public static PlatformException UnknownAgent() => Errors.FailedPrecondition("UNKNOWN_AGENT", "No agent with this id has ever registered.");

    private static AgentTaskRecord LetGo(AgentTaskRecord task, bool permanent, AgentTaskStatus end, string reason, string message, DateTimeOffset now)
    {
        var told = task with { Reason = reason, Message = message };
        if (task.CancelRequested)
            return Ended(told, Cancelled, now);
        return permanent || task.Attempt >= task.AttemptLimit ? Ended(told, end, now) : Waiting(told, now, BackoffOf(task));
    }

    private static AgentTaskRecord Waiting(AgentTaskRecord task, DateTimeOffset now, TimeSpan backoff) => Changed(task, now) with
    {
        Status = backoff > TimeSpan.Zero ? Delayed : Pending,
        AvailableAt = now + backoff,
        AgentId = task.Pool is null ? task.AgentId : null,
        LeaseUntil = null,
        CancelRequested = false,
        ProgressPercent = 0,
        ProgressMessage = "",
        StartedAt = null,
        EndedAt = null,
    };

    private static AgentTaskRecord Ended(AgentTaskRecord task, AgentTaskStatus end, DateTimeOffset now) =>
        Changed(task, now) with { Status = end, EndedAt = now, LeaseUntil = null };

    private static AgentTaskRecord Changed(AgentTaskRecord task, DateTimeOffset now) => task with { UpdatedAt = now, Version = task.Version + 1 };

    private static bool IsHolder(AgentTaskRecord task, Fence fence) => task.Attempt == fence.Attempt && task.HolderEpoch == fence.Epoch;

    // Attempts since it was made or replayed, not those before.
    private static TimeSpan BackoffOf(AgentTaskRecord task)
    {
        var tried = task.Attempt - (task.AttemptLimit - task.MaxAttempts);
        var seconds = task.BackoffSeconds * Math.Pow(2, Math.Clamp(tried - 1, 0, BackoffDoublingsMaximum));
        return TimeSpan.FromSeconds(Math.Min(seconds, LongestBackoff.TotalSeconds));
    }
}
