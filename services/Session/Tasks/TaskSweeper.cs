namespace AgentPlatform.Sessions;

/// <summary>Ends tasks whose time is up: each once, with its audit entry, and its watchers are told. Removes those that ended long ago.</summary>
public sealed class TaskSweeper(Database database, TaskStore store, DispatchStore dispatches, Notices notices, TaskSettings settings, TimeProvider clock, ILogger<TaskSweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    private const int TimeOutBatch = 100;

    // The ids of a batch are in its audit entry, which has room for so many.
    private const int RemoveBatch = 25;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        while (await TimeOutAsync(cancellation) == TimeOutBatch) { }
        while (await RemoveAsync(cancellation) == RemoveBatch) { }
    }

    private async Task<int> TimeOutAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var overdue = await store.FindOverdueAsync(work, TimeOutBatch);
        // Without a commit nothing has happened, which is right when there was nothing.
        if (overdue.Count == 0)
            return 0;
        foreach (var task in overdue)
        {
            var ended = TaskRules.TimeOut(task, database.Now);
            store.Change(work, ended);
            notices.TaskEnded(work, ended);
            if (ended.Dispatch)
                dispatches.Add(work, ended.Id);
            work.Audit("task.timeout", $"task/{task.Id}",
                [("was", TaskRules.Name(task.Status)), ("assigned_to", task.AssignedTo), ("timeout_seconds", $"{task.TimeoutSeconds}")]);
        }
        await work.CommitAsync();
        return overdue.Count;
    }

    private async Task<int> RemoveAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var removed = await store.RemoveAsync(work, RemoveBatch);
        if (removed.Count == 0)
            return 0;
        work.Audit("task.remove", "task", [("count", $"{removed.Count}"), ("ids", string.Join(' ', removed))]);
        await work.CommitAsync();
        return removed.Count;
    }
}
