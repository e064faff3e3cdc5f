using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>
/// What the holder of a task says of it, in calls of its own or over its stream. Whoever takes an agent's right away, by a new registration or by
/// disabling it, takes its leases in the same transaction; so the fence on the task's own row is all that needs to be looked at.
/// </summary>
public sealed class HeldTasks(Database database, AgentTaskStore store, AgentTasks tasks, AgentStore agents)
{
    public async Task<StartTaskResponse> StartAsync(StartTaskRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request.Id, request.Fence, out var id);

        await using var work = await database.BeginAsync(context);
        var task = await FindHeldAsync(work, id, request.Fence);
        var started = AgentTaskRules.Start(task, database.Now);
        if (started.Version != task.Version)
            tasks.Change(work, started);
        return await work.CommitAsync(new StartTaskResponse { LeaseExpireTime = started.LeaseUntil!.Value.ToTimestamp() });
    }

    public async Task<ReportProgressResponse> ReportAsync(ReportProgressRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var task = await FindHeldAsync(work, id, request.Fence);
        tasks.Change(work, AgentTaskRules.Progress(task, request.Percent, request.Message, database.Now));
        return await work.CommitAsync(new ReportProgressResponse { CancelRequested = task.CancelRequested });
    }

    public async Task<ExtendTaskResponse> ExtendAsync(ExtendTaskRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var extended = AgentTaskRules.Extend(await FindHeldAsync(work, id, request.Fence), request.Seconds, database.Now);
        tasks.Change(work, extended);
        return await work.CommitAsync(new ExtendTaskResponse { LeaseExpireTime = extended.LeaseUntil!.Value.ToTimestamp() });
    }

    public async Task<CompleteTaskResponse> CompleteAsync(CompleteTaskRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var id, out var result);

        await using var work = await database.BeginAsync(context);
        var task = AgentTaskRules.Known(await store.FindToChangeAsync(work, id), id, work.Caller.AgentId);
        if (AgentTaskRules.WasCompletedBy(task, work.Caller.AgentId, request.Fence))
        {
            // As values, for the database writes JSON in its own way.
            if (!Struct.Parser.ParseJson(task.ResultJson!).Equals(Struct.Parser.ParseJson(result)))
                throw Errors.FailedPrecondition("RESULT_DIFFERS", $"Task {id} was completed by this attempt with another result.");
            return await work.CommitAsync(new CompleteTaskResponse { EndTime = task.EndedAt!.Value.ToTimestamp() });
        }
        var completed = AgentTaskRules.Complete(await HeldAsync(work, task, request.Fence), result, database.Now);
        tasks.Change(work, completed);
        work.Audit("agent_task.complete", $"agent_task/{id}", [("type", task.Type), ("attempt", $"{task.Attempt}")]);
        return await work.CommitAsync(new CompleteTaskResponse { EndTime = completed.EndedAt!.Value.ToTimestamp() });
    }

    public async Task<FailTaskResponse> FailAsync(FailTaskRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var task = await FindHeldAsync(work, id, request.Fence);
        var failed = AgentTaskRules.Fail(task, request.Reason, request.Message, request.Permanent, database.Now);
        tasks.Change(work, failed);
        work.Audit("agent_task.fail", $"agent_task/{id}",
            [("type", task.Type), ("attempt", $"{task.Attempt}"), ("reason", request.Reason), ("status", EnumText.Of(failed.Status))]);
        return await work.CommitAsync(new FailTaskResponse { Status = failed.Status });
    }

    private async Task<AgentTaskRecord> FindHeldAsync(UnitOfWork work, Guid id, Fence fence) =>
        await HeldAsync(work, AgentTaskRules.Known(await store.FindToChangeAsync(work, id), id, work.Caller.AgentId), fence);

    private async Task<AgentTaskRecord> HeldAsync(UnitOfWork work, AgentTaskRecord task, Fence fence)
    {
        var agentId = work.Caller.AgentId;
        if (AgentTaskRules.IsHeldBy(task, agentId, fence))
            return task;
        // Why it does not: perhaps the agent itself is no longer what it was.
        RegistryRules.CheckMayWork(await agents.FindAsync(work, agentId), agentId, fence.Epoch);
        throw AgentTaskRules.StaleLease(task, fence);
    }
}
