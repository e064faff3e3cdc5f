using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>Takes back what was held too long, hands on what is due, and removes what ended long ago.</summary>
public sealed class AgentTaskSweeper(
    Database database, AgentTaskStore store, LeaseStore leases, AgentTasks tasks, TaskSettings settings, TimeProvider clock, ILogger<AgentTaskSweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    private const int ExpireBatch = 200;
    private const int PromoteBatch = 1_000;

    // The ids of a batch are in its audit entry, which has room for so many.
    private const int RemoveBatch = 25;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        while (await ExpireAsync(cancellation) == ExpireBatch) { }
        while (await PromoteAsync(cancellation) == PromoteBatch) { }
        while (await RemoveAsync(cancellation) == RemoveBatch) { }
    }

    private async Task<int> ExpireAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var expired = await leases.FindExpiredAsync(work, ExpireBatch);
        foreach (var task in expired)
        {
            var changed = AgentTaskRules.Expire(task, database.Now);
            tasks.Change(work, changed);
            work.Audit(changed.Status is AgentTaskStatus.TimedOut ? "agent_task.timeout" : "agent_task.lose", $"agent_task/{task.Id}",
                [("agent_id", task.AgentId ?? ""), ("attempt", $"{task.Attempt}"), ("status", EnumText.Of(changed.Status)), ("reason", changed.Reason)]);
        }
        if (expired.Count > 0)
            await work.CommitAsync();
        return expired.Count;
    }

    private async Task<int> PromoteAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var promoted = await leases.PromoteAsync(work, PromoteBatch);
        if (promoted.Count == 0)
            return 0;
        foreach (var queue in promoted.GroupBy(t => t.Queue))
            work.Wake(AgentTaskRules.TopicOfQueue(queue.Key, queue.Count()));
        await work.CommitAsync();
        return promoted.Count;
    }

    private async Task<int> RemoveAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var removed = await store.RemoveAsync(work, RemoveBatch);
        if (removed.Count == 0)
            return 0;
        store.RemovePools(work);
        work.Audit("agent_task.remove", "agent_task", [("count", $"{removed.Count}"), ("ids", string.Join(' ', removed))]);
        await work.CommitAsync();
        return removed.Count;
    }
}
