using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>
/// Fetches the tasks that Session dispatches, and acknowledges them once they are here. Several instances may fetch the same: a task's origin makes it once.
/// </summary>
public sealed class TaskIntake(
    TaskDispatchService.TaskDispatchServiceClient session, SessionTasks tasks, ServiceIdentity identity, TimeProvider clock, ILogger<TaskIntake> log)
    : Relay(clock, log)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ListTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AcknowledgeTimeout = TimeSpan.FromSeconds(10);

    // Session waits when there is nothing.
    protected override async Task<RelayOutcome> RelayAsync(CancellationToken cancellation)
    {
        var headers = await identity.HeadersAsync(cancellation);
        var listed = await session.FetchDispatchesAsync(new FetchDispatchesRequest { Wait = Wait.ToDuration() }, headers, Now + ListTimeout, cancellation);
        if (listed.Dispatches.Count == 0)
            return RelayOutcome.More;
        foreach (var dispatch in listed.Dispatches)
            await tasks.TakeAsync(dispatch, cancellation);
        var done = new AcknowledgeDispatchesRequest { Ids = { listed.Dispatches.Select(d => d.Id) } };
        await session.AcknowledgeDispatchesAsync(done, await identity.HeadersAsync(cancellation), Now + AcknowledgeTimeout, cancellation);
        return RelayOutcome.More;
    }

    protected override Task WaitAsync(CancellationToken cancellation) => Task.CompletedTask;

    // A deadline is the machine's time, whatever the platform's clock says.
    private static DateTime Now => TimeProvider.System.GetUtcNow().UtcDateTime;
}
