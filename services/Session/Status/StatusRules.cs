using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Sessions;

/// <summary>What a status says. No I/O.</summary>
public static class StatusRules
{
    public static FetchStatusResponse Of(TaskRecord task) => new()
    {
        Task = task.ToProto(),
        Progress = new Progress { Percent = task.ProgressPercent, Message = task.ProgressMessage, OpenTasks = task.IsEnded ? 0 : 1, EndedTasks = task.IsEnded ? 1 : 0 },
    };

    public static FetchStatusResponse Of(SessionRecord session, TaskCounts counts)
    {
        var progress = new Progress { OpenTasks = counts.Open, EndedTasks = counts.Ended };
        // Without tasks there is nothing to take a share of.
        if (counts.Open + counts.Ended > 0)
            progress.Percent = counts.Percent;
        return new FetchStatusResponse { Session = session.ToProto(), Progress = progress };
    }

    /// <summary>Twenty approvals with their arguments could be larger than a message may be.</summary>
    public static Approval Brief(ApprovalRecord approval) => new(approval.ToProto()) { Arguments = null };

    public static PlatformException NotFound(Guid id) => Errors.NotFound("STATUS_NOT_FOUND", $"There is no session and no task {id}.");
}
