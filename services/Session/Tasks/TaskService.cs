using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>The RPCs of tasks between roles. See task.proto for what each promises.</summary>
public sealed class TaskService(Database database, TaskStore store, DispatchStore dispatches, SessionStore sessions, Notices notices, Follower follower)
    : Contracts.Session.V1.TaskService.TaskServiceBase
{
    public override async Task<CreateTaskResponse> CreateTask(CreateTaskRequest request, ServerCallContext context)
    {
        var given = TaskRules.Check(request, context.Caller());

        await using var work = await database.BeginAsync(context);
        if (given.SessionId is { } id)
            SessionRules.CheckOpen(SessionRules.Visible(await sessions.FindAsync(work, id), id, work.Caller));
        var (task, existed) = await store.AddAsync(work, given);
        if (existed)
            return await work.CommitAsync(new CreateTaskResponse { Task = task.ToProto(), Existed = true });
        if (task.Dispatch)
            dispatches.Add(work, task.Id);
        work.Audit("task.create", $"task/{task.Id}",
            [("type", task.Type), ("from_role", task.FromRole), ("to_role", task.ToRole), ("priority", $"{task.Priority}"), ("timeout_seconds", $"{task.TimeoutSeconds}"),
                ("session_id", task.SessionId?.ToString() ?? ""), ("trace_id", task.TraceId), ("dispatch", task.Dispatch ? "true" : "")]);
        return await work.CommitAsync(new CreateTaskResponse { Task = task.ToProto() });
    }

    public override async Task<GetTaskResponse> GetTask(GetTaskRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var task = await store.FindAsync(id, context);
        return new GetTaskResponse { Task = TaskRules.Visible(task, id, context.Caller()).ToProto() };
    }

    public override async Task<ListTasksResponse> ListTasks(ListTasksRequest request, ServerCallContext context)
    {
        TaskRules.Check(request, out var sessionId);
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("tasks", request.PageSize, request.PageToken, request.Status, request.FromRole, request.ToRole, sessionId, agentId);

        var (rows, next) = await store.ListAsync(page, request, sessionId, agentId, context);
        return new ListTasksResponse { Tasks = { rows.Select(t => t.ToProto()) }, NextPageToken = next };
    }

    public override async Task<TransitionTaskResponse> TransitionTask(TransitionTaskRequest request, ServerCallContext context)
    {
        TaskRules.Check(request, out var id, out var resultJson);

        await using var work = await database.BeginAsync(context);
        var task = TaskRules.Visible(await store.FindToChangeAsync(work, id), id, work.Caller);
        TaskRules.CheckStep(task, request, work.Caller, database.Now);

        var moved = TaskRules.Step(task, request, resultJson, database.Now);
        store.Change(work, moved);
        work.Audit("task.transition", $"task/{id}",
            [("from", TaskRules.Name(task.Status)), ("to", TaskRules.Name(moved.Status)), ("assigned_to", moved.AssignedTo), ("progress_percent", $"{moved.ProgressPercent}"),
                ("reason", request.Reason)]);
        if (moved.IsEnded)
            notices.TaskEnded(work, moved);
        if (moved.Dispatch)
            dispatches.Add(work, id);
        return await work.CommitAsync(new TransitionTaskResponse { Task = moved.ToProto() });
    }

    public override Task WatchTask(WatchTaskRequest request, IServerStreamWriter<WatchTaskResponse> responseStream, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        return follower.RunAsync(context, TaskRules.TopicOf(id), async () => TaskRules.Visible(await store.FindAsync(id, context), id, context.Caller()),
            task => task.Version, task => task.IsEnded, (task, stop) => responseStream.WriteAsync(new WatchTaskResponse { Task = task.ToProto() }, stop));
    }
}
