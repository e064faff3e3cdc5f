namespace AgentPlatform.Registry;

/// <summary>Section <c>AgentTasks</c>.</summary>
public sealed class TaskSettings
{
    /// <summary>How long an agent may take from getting a task to starting it.</summary>
    public TimeSpan AssignmentLease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often leases that are over and delayed tasks that are due are looked for.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a task that has ended is kept.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Reads the section; settings that cannot work stop the service from starting.</summary>
    public static TaskSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection("AgentTasks").Get<TaskSettings>() ?? new TaskSettings();
        return settings.AssignmentLease > TimeSpan.Zero && settings.SweepEvery > TimeSpan.Zero && settings.Retention > TimeSpan.Zero ? settings
            : throw new InvalidOperationException("AgentTasks:AssignmentLease, SweepEvery and Retention must be positive.");
    }
}
