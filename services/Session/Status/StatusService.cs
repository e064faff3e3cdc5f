using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>How a session or a task stands, in one call and one round trip. See status.proto for what is promised.</summary>
public sealed class StatusService(Database database, SessionStore sessions, TaskStore tasks, ApprovalStore approvals, EventStore events)
    : Contracts.Session.V1.StatusService.StatusServiceBase
{
    private const int ApprovalsMaximum = 20;
    private const int EventsMaximum = 10;

    // The last one may pass it: an answer is some hundred KB at most, and usually a few.
    private const int EventsMaximumBytes = 256 * 1024;

    public override async Task<FetchStatusResponse> FetchStatus(FetchStatusRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        var caller = context.Caller();

        var reads = new ReadBatch();
        // The events before the session, which then is never behind them.
        var lastEvents = events.LastOf(reads, id, EventsMaximum, EventsMaximumBytes);
        var session = sessions.FindOf(reads, id);
        var task = tasks.FindWith(reads, id);
        var counts = tasks.CountOf(reads, id);
        var open = approvals.FindOpen(reads, id, caller.AgentId, ApprovalsMaximum);
        await database.ReadAsync(context, reads);

        var seen = session.SingleOrDefault() is { } found && caller.MaySee(found.AgentId) ? found : null;
        var status = task.SingleOrDefault() is { } asked && TaskRules.IsVisible(asked, caller) ? StatusRules.Of(asked)
            : seen?.Id == id ? StatusRules.Of(seen, counts[0])
            : throw StatusRules.NotFound(id);
        status.OpenApprovals.Add(open.Select(StatusRules.Brief));
        if (seen is not null)
            status.LastEvents.Add(lastEvents.Select(e => e.ToProto()));
        return status;
    }
}
