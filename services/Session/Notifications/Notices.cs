using System.Text.Json.Nodes;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Sessions;

/// <summary>
/// Notes what webhooks are told of, in the unit of work that does it: one more row in the batch that is sent anyway. <see cref="NoticeFanOut"/> looks who wants to know.
/// </summary>
public sealed class Notices(Database database, NoticeStore store)
{
    public void SessionEnded(UnitOfWork work, SessionRecord session) => Add(work, NoticeTypes.SessionEnded, session.Role, session.Id, new JsonObject
    {
        ["session_id"] = session.Id.ToString(),
        ["status"] = SessionRules.NameOf(session.Status),
        ["role"] = session.Role,
        ["agent_id"] = session.AgentId,
        ["subject"] = session.SubjectType.Length == 0 ? null : new JsonObject { ["type"] = session.SubjectType, ["id"] = session.SubjectId },
        ["end_time"] = session.EndedAt is { } at ? Notice.TimeOf(at) : null,
        ["links"] = new JsonObject { ["session"] = $"/v1/sessions/{session.Id}" },
    });

    public void TaskEnded(UnitOfWork work, TaskRecord task) => Add(work, NoticeTypes.TaskEnded, task.ToRole, task.SessionId, new JsonObject
    {
        ["task_id"] = task.Id.ToString(),
        ["session_id"] = task.SessionId?.ToString(),
        ["status"] = TaskRules.Name(task.Status),
        ["type"] = task.Type,
        ["from_role"] = task.FromRole,
        ["to_role"] = task.ToRole,
        ["agent_id"] = task.AgentId,
        ["assigned_to"] = task.AssignedTo,
        ["end_time"] = task.EndedAt is { } at ? Notice.TimeOf(at) : null,
        ["links"] = LinksOf("task", $"/v1/tasks/{task.Id}", task.SessionId),
    });

    public void ApprovalRequested(UnitOfWork work, ApprovalRecord approval) => Add(work, NoticeTypes.ApprovalRequested, approval, DataOf(approval));

    public void ApprovalDecided(UnitOfWork work, ApprovalRecord approval)
    {
        var data = DataOf(approval);
        data["decided_by"] = approval.DecidedBy;
        Add(work, NoticeTypes.ApprovalDecided, approval, data);
    }

    public void ApprovalEscalated(UnitOfWork work, ApprovalRecord approval) => Add(work, NoticeTypes.ApprovalEscalated, approval, DataOf(approval));

    /// <param name="work">What it is part of.</param>
    /// <param name="approval">As it is now.</param>
    /// <param name="was">How it stood until then: nobody had decided it, or nobody had used it.</param>
    public void ApprovalExpired(UnitOfWork work, ApprovalRecord approval, ApprovalStatus was)
    {
        var data = DataOf(approval);
        data["was"] = ApprovalRules.Name(was);
        Add(work, NoticeTypes.ApprovalExpired, approval, data);
    }

    // Neither arguments nor reason nor notes: what people and agents write may be anything, and whoever wants it reads it with a right of his own.
    private static JsonObject DataOf(ApprovalRecord approval) => new()
    {
        ["approval_id"] = approval.Id.ToString(),
        ["session_id"] = approval.SessionId?.ToString(),
        ["task_id"] = approval.TaskId?.ToString(),
        ["status"] = ApprovalRules.Name(approval.Status),
        ["action"] = approval.Action,
        ["digest"] = approval.Digest,
        ["agent_id"] = approval.AgentId,
        ["requested_by"] = approval.RequestedBy,
        ["approver_role"] = Caller.NameOf(approval.ApproverRole),
        ["expire_time"] = Notice.TimeOf(approval.ExpiresAt),
        ["links"] = LinksOf("approval", $"/v1/approvals/{approval.Id}", approval.SessionId),
    };

    private static JsonObject LinksOf(string name, string path, Guid? sessionId)
    {
        var links = new JsonObject { [name] = path };
        if (sessionId is { } id)
            links["session"] = $"/v1/sessions/{id}";
        return links;
    }

    private void Add(UnitOfWork work, string type, ApprovalRecord approval, JsonObject data) => Add(work, type, "", approval.SessionId, data);

    private void Add(UnitOfWork work, string type, string role, Guid? sessionId, JsonObject data) =>
        store.Add(work, Notice.Make(type, database.Now, data, role, sessionId));
}
