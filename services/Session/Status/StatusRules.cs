using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Sessions;

/// <summary>What a status says. No I/O.</summary>
public static class StatusRules
{
    public static FetchStatusResponse Of(TaskRecord task, List<ApprovalRecord> open, List<EventRecord> newestFirst) => With(open, newestFirst, new()
    {
        Task = task.ToProto(),
        Progress = new Progress { Percent = task.ProgressPercent, Message = task.ProgressMessage, OpenTasks = task.IsEnded ? 0 : 1, EndedTasks = task.IsEnded ? 1 : 0 },
    });

    public static FetchStatusResponse Of(SessionRecord session, TaskCounts counts, List<ApprovalRecord> open, List<EventRecord> newestFirst)
    {
        var progress = new Progress { OpenTasks = counts.Open, EndedTasks = counts.Ended };
        // Without tasks there is nothing to take a share of.
        if (counts.Open + counts.Ended > 0)
            progress.Percent = counts.Percent;
        return With(open, newestFirst, new() { Session = session.ToProto(), Progress = progress });
    }

    private static FetchStatusResponse With(List<ApprovalRecord> open, List<EventRecord> newestFirst, FetchStatusResponse status)
    {
        foreach (var approval in open)
        {
            // Twenty approvals with their arguments could be larger than a message may be.
            var brief = approval.ToProto();
            brief.Arguments = null;
            status.OpenApprovals.Add(brief);
        }
        for (var i = newestFirst.Count - 1; i >= 0; i--)
            status.LastEvents.Add(newestFirst[i].ToProto());
        return status;
    }

    public static PlatformException NotFound(Guid id) => Errors.NotFound("STATUS_NOT_FOUND", $"There is no session and no task {id}.");
}
