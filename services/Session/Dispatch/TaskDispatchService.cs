using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>The RPCs by which Registry takes dispatched tasks and reports on them. See dispatch.proto for what each promises.</summary>
public sealed class TaskDispatchService(
    Database database, DispatchStore dispatches, TaskStore tasks, Notices notices, Wakeups wakeups, StreamGate gate, TimeProvider clock)
    : Contracts.Session.V1.TaskDispatchService.TaskDispatchServiceBase
{
    public override async Task<FetchDispatchesResponse> FetchDispatches(FetchDispatchesRequest request, ServerCallContext context)
    {
        DispatchRules.Check(request);
        var limit = request.PageSize == 0 ? DispatchRules.BatchMaximum : request.PageSize;
        var wait = request.Wait?.ToTimeSpan() ?? TimeSpan.Zero;

        var response = new FetchDispatchesResponse();
        await gate.RunAsync(context, async stop =>
        {
            var begun = clock.GetTimestamp();
            // Before the first look: what comes after it is heard.
            using var wakeup = wakeups.Listen(DispatchStore.Topic);
            while (true)
            {
                response.Dispatches.Add(await dispatches.OldestAsync(limit, context));
                if (response.Dispatches.Count > 0 || clock.GetElapsedTime(begun) >= wait)
                    return;
                await wakeup.WaitAsync(stop);
            }
        });
        return response;
    }

    public override async Task<AcknowledgeDispatchesResponse> AcknowledgeDispatches(AcknowledgeDispatchesRequest request, ServerCallContext context)
    {
        var ids = DispatchRules.Check(request);

        await using var work = await database.BeginAsync(context);
        dispatches.Remove(work, ids);
        return await work.CommitAsync(new AcknowledgeDispatchesResponse());
    }

    public override async Task<ReportTasksResponse> ReportTasks(ReportTasksRequest request, ServerCallContext context)
    {
        var reports = DispatchRules.Check(request).ToDictionary(r => r.Id);

        await using var work = await database.BeginAsync(context);
        var applied = 0;
        foreach (var task in await tasks.FindToChangeAsync(work, [.. reports.Keys]))
        {
            var (_, report, resultJson) = reports[task.Id];
            if (DispatchRules.Apply(task, report, resultJson, database.Now) is not { } moved)
                continue;
            applied++;
            tasks.Change(work, moved);
            // How far it is would be most of the log; where it goes is on it.
            if (moved.Status != task.Status)
                work.Audit("task.transition", $"task/{task.Id}",
                    [("from", TaskRules.Name(task.Status)), ("to", TaskRules.Name(moved.Status)), ("assigned_to", moved.AssignedTo), ("reason", moved.Reason)]);
            if (moved.IsEnded)
                notices.TaskEnded(work, moved);
        }
        return await work.CommitAsync(new ReportTasksResponse { AppliedCount = applied });
    }
}
