namespace AgentPlatform.Sessions;

/// <summary>Section <c>Tasks</c>.</summary>
public sealed class TaskSettings
{
    /// <summary>How long a task that belongs to no session is kept after its end; the others go with theirs.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often tasks are looked for whose time is up.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(1);
}
