using System.Text;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Registry;

/// <summary>What a task of Session's is here, and how Session is told of it.</summary>
public sealed class SessionTasks(AgentTaskStore store, AgentTasks tasks, Database database)
{
    // LeaseStore knows it, too.
    private const string OriginPrefix = "session/task/";
    private const int LongestTimeoutSeconds = 604_800;

    // What Session keeps of a result.
    private const int ResultMaximumBytes = 256 * 1024;

    /// <summary>Whether Session is to be told of this task.</summary>
    public static bool IsOne(AgentTaskRecord task) => task.Origin?.StartsWith(OriginPrefix, StringComparison.Ordinal) is true;

    /// <summary>
    /// Makes the task that Session has dispatched, unless it is here, or calls it off. Of a task that has ended before anybody heard of it, a cancelled one is
    /// made: whatever comes late then finds it.
    /// </summary>
    public async Task TakeAsync(Dispatch dispatch, CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var made = await tasks.CreateAsync(work, NewTaskOf(dispatch));
        if (dispatch.IsEnded)
        {
            var task = made ?? await store.FindByOriginToChangeAsync(work, OriginPrefix + dispatch.TaskId);
            if (task is { IsEnded: false })
                CallOff(work, task);
        }
        await work.CommitAsync();
    }

    /// <summary>How a task stands, in Session's words.</summary>
    public static TaskReport ReportOf(AgentTaskRecord task)
    {
        var fits = task.ResultJson is null || Encoding.UTF8.GetByteCount(task.ResultJson) <= ResultMaximumBytes;
        return new TaskReport
        {
            TaskId = task.Origin![OriginPrefix.Length..],
            Version = task.Version,
            Status = StatusOf(task.Status),
            AssignedTo = task.AgentId ?? "",
            ProgressPercent = task.ProgressPercent,
            ProgressMessage = task.ProgressMessage,
            Result = task.ResultJson is not null && fits ? JsonStruct.Parse(task.ResultJson) : null,
            Reason = !fits ? $"The result is larger than {ResultMaximumBytes:N0} bytes; it is that of task {task.Id} at Registry."
                : task.Message.Length > 0 ? $"{task.Reason}: {task.Message}" : task.Reason,
        };
    }

    private void CallOff(UnitOfWork work, AgentTaskRecord task)
    {
        var cancelled = AgentTaskRules.Cancel(task, "It has ended at Session.", database.Now);
        tasks.Change(work, cancelled);
        work.Audit("agent_task.cancel", $"agent_task/{task.Id}", [("was", EnumText.Of(task.Status)), ("agent_id", task.AgentId ?? ""), ("reason", cancelled.Message)]);
        if (cancelled is { IsHeld: true, AgentId: { } holder })
            work.Wake(AgentTaskRules.TopicOfQueue(AgentTaskRules.QueueOf(holder)));
    }

    private NewAgentTask NewTaskOf(Dispatch dispatch) =>
        new(dispatch.Type, PayloadOf(dispatch), null, Pool.Of(new AgentSelection { Role = dispatch.ToRole }))
        {
            Priority = dispatch.Priority,
            TimeoutSeconds = (int)Math.Clamp((dispatch.TimeoutTime.ToDateTimeOffset() - database.Now).TotalSeconds, 1, LongestTimeoutSeconds),
            CorrelationId = dispatch.TraceId,
            Origin = OriginPrefix + dispatch.TaskId,
        };

    private static string PayloadOf(Dispatch dispatch) => Google.Protobuf.JsonFormatter.Default.Format(dispatch.Payload);

    private static RoleTaskStatus StatusOf(AgentTaskStatus status) => status switch
    {
        AgentTaskStatus.Assigned => RoleTaskStatus.Assigned,
        AgentTaskStatus.InProgress => RoleTaskStatus.InProgress,
        AgentTaskStatus.Completed => RoleTaskStatus.Completed,
        AgentTaskStatus.Failed or AgentTaskStatus.TimedOut => RoleTaskStatus.Failed,
        AgentTaskStatus.Cancelled => RoleTaskStatus.Cancelled,
        _ => RoleTaskStatus.Pending,
    };
}
