namespace AgentPlatform.Registry;

/// <summary>
/// A task to be made: for the agent <paramref name="AgentId"/>, or for any of <paramref name="Pool"/>, one of the two. <see cref="AgentTasks"/> makes
/// it; limits are those of TaskSpec in task.proto.
/// </summary>
public sealed record NewAgentTask(string Type, string Payload, string? AgentId, Pool? Pool)
{
    public int Priority { get; init; } = AgentTaskRules.DefaultPriority;

    public DateTimeOffset? NotBefore { get; init; }

    public int TimeoutSeconds { get; init; } = AgentTaskRules.DefaultTimeoutSeconds;

    public int MaxAttempts { get; init; } = AgentTaskRules.DefaultAttempts;

    public int BackoffSeconds { get; init; } = AgentTaskRules.DefaultBackoffSeconds;

    public string CorrelationId { get; init; } = "";

    /// <summary>What made it, by a global id: with the same again nothing is made.</summary>
    public string? Origin { get; init; }

    public Guid? ParentId { get; init; }
}
