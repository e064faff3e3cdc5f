using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The RPCs of tasks. See task_service.proto for what each promises; what holders say goes through <see cref="HeldTasks"/>.</summary>
public sealed class AgentTaskService(Database database, AgentTaskStore store, AgentTasks tasks, HeldTasks held, TaskPolls polls, Follower follower)
    : Contracts.Registry.V1.AgentTaskService.AgentTaskServiceBase
{
    public override async Task<CreateTaskResponse> CreateTask(CreateTaskRequest request, ServerCallContext context)
    {
        var given = AgentTaskChecks.Read(request);

        await using var work = await database.BeginAsync(context);
        if (request.All is { } selection)
        {
            var parent = Guid.CreateVersion7(database.Now);
            var made = await tasks.CreateForAllAsync(work, selection, given with { ParentId = parent });
            var first = await store.FindAsync(work, made[0]);
            return await work.CommitAsync(new CreateTaskResponse { Task = first!.ToProto(), Created = made.Count, ParentId = parent.ToString() });
        }
        if (given.Pool is { } pool)
            await tasks.CheckMatchedAsync(work, pool);
        if (await tasks.CreateAsync(work, given) is { } task)
            return await work.CommitAsync(new CreateTaskResponse { Task = task.ToProto(), Created = 1 });
        // Retention may have removed it in this very moment; then its origin is free, and a repeat finds it so.
        var existing = await store.FindByOriginAsync(work, given.Origin!) ?? throw Errors.ConcurrentUpdate("The task with this origin");
        return await work.CommitAsync(new CreateTaskResponse { Task = existing.ToProto() });
    }

    public override async Task<CreateTasksResponse> CreateTasks(CreateTasksRequest request, ServerCallContext context)
    {
        var given = AgentTaskChecks.Read(request);

        await using var work = await database.BeginAsync(context);
        foreach (var pool in given.Select(t => t.Pool).OfType<Pool>().DistinctBy(p => p.Key))
            await tasks.CheckMatchedAsync(work, pool);
        var ids = await tasks.CreateAsync(work, given);
        return await work.CommitAsync(new CreateTasksResponse { Ids = { ids!.Select(id => id.ToString()) } });
    }

    public override async Task<GetTaskResponse> GetTask(GetTaskRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var task = await store.FindAsync(id, context);
        return new GetTaskResponse { Task = AgentTaskRules.Visible(task, id, context.Caller()).ToProto() };
    }

    public override async Task<ListTasksResponse> ListTasks(ListTasksRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var parentId);
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("agent_tasks", request.PageSize, request.PageToken, agentId, request.Status, parentId, request.Type, request.DeadLetters);

        var fetched = await store.ListAsync(page, request, parentId, agentId, context);
        var (rows, next) = page.Cut(fetched, t => t.Id.ToString());
        return new ListTasksResponse { Tasks = { rows.Select(t => t.ToProto()) }, NextPageToken = next };
    }

    public override async Task<ListQueueResponse> ListQueue(ListQueueRequest request, ServerCallContext context)
    {
        new FieldChecks().DottedName("agent_id", request.AgentId).ThrowIfAny();
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("queue", request.PageSize, request.PageToken, agentId);
        var after = QueuePlace.Read(page.After);

        var fetched = await store.QueueAsync(AgentTaskRules.QueueOf(agentId), after, page.Fetch, context);
        var before = after?.Position ?? 0;
        var places = fetched.Select((task, i) => (Task: task, Position: before + i + 1)).ToList();
        var (rows, next) = page.Cut(places, r => QueuePlace.Of(r.Task, r.Position).ToString());
        return new ListQueueResponse
        {
            Tasks = { rows.Select(r => new QueuedTask { Position = r.Position, Age = (database.Now - r.Task.CreatedAt).ToDuration(), Task = r.Task.ToProto() }) },
            NextPageToken = next,
        };
    }

    public override Task WatchTask(WatchTaskRequest request, IServerStreamWriter<WatchTaskResponse> responseStream, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        return follower.RunAsync(context, AgentTaskRules.TopicOf(id), async () => AgentTaskRules.Visible(await store.FindAsync(id, context), id, context.Caller()),
            task => task.Version, task => task.IsEnded, (task, stop) => responseStream.WriteAsync(new WatchTaskResponse { Task = task.ToProto() }, stop));
    }

    public override Task<PollTasksResponse> PollTasks(PollTasksRequest request, ServerCallContext context) => polls.PollAsync(request, context);

    public override Task<StartTaskResponse> StartTask(StartTaskRequest request, ServerCallContext context) => held.StartAsync(request, context);

    public override Task<ReportProgressResponse> ReportProgress(ReportProgressRequest request, ServerCallContext context) => held.ReportAsync(request, context);

    public override Task<ExtendTaskResponse> ExtendTask(ExtendTaskRequest request, ServerCallContext context) => held.ExtendAsync(request, context);

    public override Task<CompleteTaskResponse> CompleteTask(CompleteTaskRequest request, ServerCallContext context) => held.CompleteAsync(request, context);

    public override Task<FailTaskResponse> FailTask(FailTaskRequest request, ServerCallContext context) => held.FailAsync(request, context);

    public override async Task<CancelTaskResponse> CancelTask(CancelTaskRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var task = await store.FindToChangeAsync(work, id) ?? throw AgentTaskRules.NotFound(id);
        var cancelled = AgentTaskRules.Cancel(task, request.Reason, database.Now);
        if (cancelled.Version != task.Version)
        {
            tasks.Change(work, cancelled);
            work.Audit("agent_task.cancel", $"agent_task/{id}", [("was", EnumText.Of(task.Status)), ("agent_id", task.AgentId ?? ""), ("reason", request.Reason)]);
            if (cancelled is { IsHeld: true, AgentId: { } holder })
                work.Wake(AgentTaskRules.TopicOfQueue(AgentTaskRules.QueueOf(holder)));
        }
        return await work.CommitAsync(new CancelTaskResponse { Task = cancelled.ToProto() });
    }

    public override async Task<ReplayTaskResponse> ReplayTask(ReplayTaskRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        var task = await store.FindToChangeAsync(work, id) ?? throw AgentTaskRules.NotFound(id);
        var replayed = AgentTaskRules.Replay(task, database.Now);
        tasks.Change(work, replayed);
        work.Audit("agent_task.replay", $"agent_task/{id}", [("was", EnumText.Of(task.Status)), ("attempt", $"{task.Attempt}")]);
        return await work.CommitAsync(new ReplayTaskResponse { Task = replayed.ToProto() });
    }
}
