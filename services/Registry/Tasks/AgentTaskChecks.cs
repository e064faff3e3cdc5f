using System.Buffers;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>What requests about tasks may say. No I/O.</summary>
public static class AgentTaskChecks
{
    public const int BatchMaximum = 500;
    public const int PollMaximum = 100;
    public const int ResultMaximumBytes = 4_000_000;
    private const int PayloadMaximumBytes = 256 * 1024;
    private const int WeekSeconds = 604_800;
    private const int AttemptsMaximum = 100;
    private const int BackoffMaximumSeconds = 3_600;
    private const int PriorityMaximum = 9;
    private const int IdMaximumCharacters = 128;
    private const int ReasonMaximumCharacters = 64;
    private const int MessageMaximumCharacters = 2_048;
    private const int ProgressMaximumCharacters = 1_024;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(25);
    private static readonly SearchValues<char> ReasonCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    /// <summary>Checks a task and its target; for all of a selection the task is still without an agent.</summary>
    public static NewAgentTask Read(CreateTaskRequest request, FieldChecks checks)
    {
        var task = request.Task ?? new TaskSpec();
        checks.Require(request.Task is not null, "task", "is required")
            .DottedName("task.type", task.Type)
            .Json("task.payload", task.Payload, PayloadMaximumBytes, out var payload)
            .Require(!task.HasPriority || task.Priority is >= 0 and <= PriorityMaximum, "task.priority", $"must be 0 to {PriorityMaximum}")
            .Time("task.not_before", task.NotBefore, out var notBefore)
            .Require(task.TimeoutSeconds is >= 0 and <= WeekSeconds, "task.timeout_seconds", $"must be 1 to {WeekSeconds}")
            .Require(task.MaxAttempts is >= 0 and <= AttemptsMaximum, "task.max_attempts", $"must be 1 to {AttemptsMaximum}")
            .Require(!task.HasBackoffSeconds || task.BackoffSeconds is >= 0 and <= BackoffMaximumSeconds, "task.backoff_seconds", $"must be 0 to {BackoffMaximumSeconds}")
            .Text("task.correlation_id", task.CorrelationId, IdMaximumCharacters)
            .Text("task.origin", task.Origin, IdMaximumCharacters);
        switch (request.TargetCase)
        {
            case CreateTaskRequest.TargetOneofCase.AgentId:
                checks.DottedName("agent_id", request.AgentId);
                break;
            case CreateTaskRequest.TargetOneofCase.Any:
                Check(request.Any, "any", checks);
                break;
            case CreateTaskRequest.TargetOneofCase.All:
                Check(request.All, "all", checks);
                checks.Require(task.Origin.Length == 0, "task.origin", "names one task and cannot be of all of a selection");
                break;
            default:
                checks.Require(false, "target", "is required: agent_id, any or all");
                break;
        }
        return new NewAgentTask(task.Type, payload, request.HasAgentId ? request.AgentId : null, request.Any is { } any && System.Enum.IsDefined(any.Platform) ? Pool.Of(any) : null)
        {
            Priority = task.HasPriority ? task.Priority : AgentTaskRules.DefaultPriority,
            NotBefore = notBefore,
            TimeoutSeconds = task.TimeoutSeconds == 0 ? AgentTaskRules.DefaultTimeoutSeconds : task.TimeoutSeconds,
            MaxAttempts = task.MaxAttempts == 0 ? AgentTaskRules.DefaultAttempts : task.MaxAttempts,
            BackoffSeconds = task.HasBackoffSeconds ? task.BackoffSeconds : AgentTaskRules.DefaultBackoffSeconds,
            CorrelationId = task.CorrelationId,
            Origin = task.Origin.Length == 0 ? null : task.Origin,
        };
    }

    public static NewAgentTask Read(CreateTaskRequest request)
    {
        var checks = new FieldChecks();
        var task = Read(request, checks);
        checks.ThrowIfAny();
        return task;
    }

    public static IReadOnlyList<NewAgentTask> Read(CreateTasksRequest request)
    {
        new FieldChecks().Require(request.Tasks.Count is >= 1 and <= BatchMaximum, "tasks", $"must be 1 to {BatchMaximum}").ThrowIfAny();
        return [.. request.Tasks.Select((task, i) =>
        {
            var checks = new FieldChecks($"tasks[{i}].");
            var made = Read(task, checks);
            checks.Require(task.TargetCase is not CreateTaskRequest.TargetOneofCase.All, "all", "cannot be made together with others")
                .Require(made.Origin is null, "task.origin", "cannot be made together with others")
                .ThrowIfAny();
            return made;
        })];
    }

    public static void Check(ListTasksRequest request, out Guid? parentId)
    {
        var checks = new FieldChecks().KnownOrUnspecified("status", request.Status).OptionalId("parent_id", request.ParentId, out parentId);
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        if (request.Type.Length > 0)
            checks.DottedName("type", request.Type);
        checks.ThrowIfAny();
    }

    public static void Check(PollTasksRequest request, out int atMost, out TimeSpan wait)
    {
        var asked = request.Wait is { } w && w.Seconds is >= 0 and <= 25 && w.Nanos is >= 0 and < 1_000_000_000 ? w.ToTimeSpan() : TimeSpan.Zero;
        new FieldChecks().Require(request.Epoch > 0, "epoch", "is required, and positive")
            .Require(request.MaxTasks is >= 0 and <= PollMaximum, "max_tasks", $"must be 1 to {PollMaximum}")
            .Require(request.Wait is null || request.Wait.Equals(Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(asked)) && asked <= LongestWait, "wait",
                $"must be 0 to {LongestWait.TotalSeconds} s")
            .ThrowIfAny();
        (atMost, wait) = (Math.Max(1, request.MaxTasks), asked);
    }

    public static void Check(string id, Fence? fence, out Guid taskId) => Held(id, fence, out taskId).ThrowIfAny();

    public static void Check(ReportProgressRequest request, out Guid id) => Held(request.Id, request.Fence, out id)
        .Require(request.Percent is >= 0 and <= 100, "percent", "must be 0 to 100")
        .Text("message", request.Message, ProgressMaximumCharacters).ThrowIfAny();

    public static void Check(ExtendTaskRequest request, out Guid id) => Held(request.Id, request.Fence, out id)
        .Require(request.Seconds is >= 0 and <= WeekSeconds, "seconds", $"must be 1 to {WeekSeconds}").ThrowIfAny();

    public static void Check(CompleteTaskRequest request, out Guid id, out string result)
    {
        var checks = Held(request.Id, request.Fence, out id);
        checks.Json("result", request is { Result: { } given } ? given : null, ResultMaximumBytes, out result).ThrowIfAny();
    }

    public static void Check(FailTaskRequest request, out Guid id) => Held(request.Id, request.Fence, out id)
        .Require(request.Reason.Length is >= 1 and <= ReasonMaximumCharacters && !request.Reason.AsSpan().ContainsAnyExcept(ReasonCharacters), "reason", "must be 1–64 of [A-Z0-9_]")
        .Text("message", request.Message, MessageMaximumCharacters).ThrowIfAny();

    public static void Check(CancelTaskRequest request, out Guid id) => new FieldChecks().Id("id", request.Id, out id)
        .Text("reason", request.Reason, MessageMaximumCharacters).ThrowIfAny();

    private static FieldChecks Held(string id, Fence? fence, out Guid taskId) => new FieldChecks().Id("id", id, out taskId)
        .Require(fence?.Epoch > 0, "fence.epoch", "is required, and positive")
        .Require(fence?.Attempt > 0, "fence.attempt", "is required, and positive");

    private static void Check(AgentSelection selection, string field, FieldChecks checks)
    {
        checks.Require(selection.Role.Length + selection.Capabilities.Count + selection.Tags.Count > 0 || selection.Platform is not Platform.Unspecified, field,
                "must name a role, capabilities, tags or a platform")
            .KnownOrUnspecified($"{field}.platform", selection.Platform)
            .Require(selection.Capabilities.Count <= RegistryRules.LabelsMaximum, $"{field}.capabilities", $"has {selection.Capabilities.Count:N0} names; at most {RegistryRules.LabelsMaximum} are allowed")
            .Require(selection.Tags.Count <= RegistryRules.LabelsMaximum, $"{field}.tags", $"has {selection.Tags.Count:N0} tags; at most {RegistryRules.LabelsMaximum} are allowed");
        if (selection.Role.Length > 0)
            checks.Name($"{field}.role", selection.Role);
        for (var i = 0; i < Math.Min(selection.Capabilities.Count, RegistryRules.LabelsMaximum); i++)
            checks.DottedName($"{field}.capabilities[{i}]", selection.Capabilities[i]);
        for (var i = 0; i < Math.Min(selection.Tags.Count, RegistryRules.LabelsMaximum); i++)
            checks.Text($"{field}.tags[{i}]", selection.Tags[i], RegistryRules.TagMaximumCharacters, minimum: 1);
    }
}
