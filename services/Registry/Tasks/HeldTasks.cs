using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>
/// What the holder of a task says of it, in calls of its own or over its stream. Whoever takes an agent's right away, by a new registration or by
/// disabling it, takes its leases in the same transaction; so the fence on the task's own row is all that needs to be looked at, and what an agent says of
/// several tasks at once is committed together.
/// </summary>
public sealed class HeldTasks(Database database, AgentTaskStore store, AgentTasks tasks, AgentStore agents)
{
    public Task<StartTaskResponse> StartAsync(StartTaskRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request.Id, request.Fence, out var id);
        return ChangeAsync(context, id, request.Fence, (work, task) =>
        {
            CheckHeld(work, task, request.Fence);
            var started = AgentTaskRules.Start(task, database.Now);
            if (started.Version != task.Version)
                tasks.Change(work, started);
            return new StartTaskResponse { LeaseExpireTime = started.LeaseUntil!.Value.ToTimestamp() };
        });
    }

    public Task<ReportProgressResponse> ReportAsync(ReportProgressRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var id);
        return ChangeAsync(context, id, request.Fence, (work, task) =>
        {
            CheckHeld(work, task, request.Fence);
            tasks.Change(work, AgentTaskRules.Progress(task, request.Percent, request.Message, database.Now));
            return new ReportProgressResponse { CancelRequested = task.CancelRequested };
        });
    }

    public Task<ExtendTaskResponse> ExtendAsync(ExtendTaskRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var id);
        return ChangeAsync(context, id, request.Fence, (work, task) =>
        {
            CheckHeld(work, task, request.Fence);
            var extended = AgentTaskRules.Extend(task, request.Seconds, database.Now);
            tasks.Change(work, extended);
            return new ExtendTaskResponse { LeaseExpireTime = extended.LeaseUntil!.Value.ToTimestamp() };
        });
    }

    public Task<CompleteTaskResponse> CompleteAsync(CompleteTaskRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var id, out var result);
        return ChangeAsync(context, id, request.Fence, (work, task) =>
        {
            if (AgentTaskRules.WasCompletedBy(task, work.Caller.AgentId, request.Fence))
            {
                // As values, for the database writes JSON in its own way.
                if (!JsonStruct.Parse(task.ResultJson!).Equals(JsonStruct.Parse(result)))
                    throw Errors.FailedPrecondition("RESULT_DIFFERS", $"Task {id} was completed by this attempt with another result.");
                return new CompleteTaskResponse { EndTime = task.EndedAt!.Value.ToTimestamp() };
            }
            CheckHeld(work, task, request.Fence);
            var completed = AgentTaskRules.Complete(task, result, database.Now);
            tasks.Change(work, completed);
            work.Audit("agent_task.complete", $"agent_task/{id}", [("type", task.Type), ("attempt", $"{task.Attempt}")]);
            return new CompleteTaskResponse { EndTime = completed.EndedAt!.Value.ToTimestamp() };
        });
    }

    public Task<FailTaskResponse> FailAsync(FailTaskRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var id);
        return ChangeAsync(context, id, request.Fence, (work, task) =>
        {
            CheckHeld(work, task, request.Fence);
            var failed = AgentTaskRules.Fail(task, request.Reason, request.Message, request.Permanent, database.Now);
            tasks.Change(work, failed);
            work.Audit("agent_task.fail", $"agent_task/{id}",
                [("type", task.Type), ("attempt", $"{task.Attempt}"), ("reason", request.Reason), ("status", EnumText.Of(failed.Status))]);
            return new FailTaskResponse { Status = failed.Status };
        });
    }

    private async Task<TResponse> ChangeAsync<TResponse>(ServerCallContext context, Guid id, Fence fence, Func<UnitOfWork, AgentTaskRecord, TResponse> change)
        where TResponse : class, IMessage
    {
        await using var work = await database.BeginAsync(context);
        try
        {
            return await store.ChangeAsync(work, id, task => change(work, AgentTaskRules.Known(task, id, work.Caller.AgentId))) ?? throw AgentTaskRules.NotFound(id);
        }
        catch (PlatformException e) when (e.Reason == AgentTaskRules.StaleLeaseReason)
        {
            // Perhaps the agent itself is no longer what it was, which tells more. By the connection that is there: who waits for a second one may wait for himself.
            var agentId = context.Caller().AgentId;
            RegistryRules.CheckMayWork(await agents.FindAsync(work, agentId), agentId, fence.Epoch);
            throw;
        }
    }

    private static void CheckHeld(UnitOfWork work, AgentTaskRecord task, Fence fence)
    {
        if (!AgentTaskRules.IsHeldBy(task, work.Caller.AgentId, fence))
            throw AgentTaskRules.StaleLease(task, fence);
    }
}
