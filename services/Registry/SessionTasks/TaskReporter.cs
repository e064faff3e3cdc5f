using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Registry;

/// <summary>Tells Session how the tasks stand that it has dispatched, at least once. What happens to one meanwhile is told next.</summary>
public sealed class TaskReporter(
    Database database, TaskReports reports, AgentTaskStore store, TaskDispatchService.TaskDispatchServiceClient session, ServiceIdentity identity, Wakeups wakeups,
    TimeProvider clock, ILogger<TaskReporter> log) : Relay(clock, log)
{
    private const int Batch = 100;

    // Half of what a message may be; results are smaller than the rest.
    private const int MessageBytes = 2 * 1024 * 1024;
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    private readonly Wakeup _wakeup = wakeups.Listen(TaskReports.Topic);

    protected override async Task<RelayOutcome> RelayAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        if (!await IsOurTurnAsync(work, "task_reports"))
            return RelayOutcome.OthersTurn;
        var rows = await reports.OldestAsync(work, Batch);
        if (rows.Count == 0)
            return RelayOutcome.Done;
        var told = new ReportTasksRequest();
        var tasks = await store.FindAsync(work, [.. rows.Select(r => r.TaskId).Distinct()]);
        await work.RestAsync();
        foreach (var task in tasks)
        {
            told.Reports.Add(SessionTasks.ReportOf(task));
            if (told.CalculateSize() > MessageBytes)
            {
                await SendAsync(told, cancellation);
                told = new ReportTasksRequest();
            }
        }
        if (told.Reports.Count > 0)
            await SendAsync(told, cancellation);
        reports.Remove(work, rows.Select(r => r.Id));
        await work.CommitAsync();
        return rows.Count == Batch ? RelayOutcome.More : RelayOutcome.Done;
    }

    protected override Task WaitAsync(CancellationToken cancellation) => _wakeup.WaitAsync(cancellation);

    public override void Dispose()
    {
        _wakeup.Dispose();
        base.Dispose();
    }

    private async Task SendAsync(ReportTasksRequest told, CancellationToken cancellation) =>
        await session.ReportTasksAsync(told, await identity.HeadersAsync(cancellation), TimeProvider.System.GetUtcNow().UtcDateTime + SendTimeout, cancellation);
}
