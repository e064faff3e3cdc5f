using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>How a session or a task stands, in one call. See status.proto for what is promised.</summary>
public sealed class StatusService(Database database, SessionStore sessions, TaskStore tasks, ApprovalStore approvals, EventStore events)
    : Contracts.Session.V1.StatusService.StatusServiceBase
{
    // The last one may pass it: an answer is some hundred KB at most, and usually a few.
    private const int EventsMaximumCharacters = 256 * 1024;

    // An id is a session's more often than a task's, so that is looked for first: one round trip for a session, two for a task.
    public override async Task<FetchStatusResponse> FetchStatus(FetchStatusRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        return await FindSessionAsync(id, context) ?? await FindTaskAsync(id, context) ?? throw StatusRules.NotFound(id);
    }

    private async Task<FetchStatusResponse?> FindSessionAsync(Guid id, ServerCallContext context)
    {
        var caller = context.Caller();
        var reads = new ReadBatch { IsSmall = true };
        // The events before the session, which then is never behind them.
        var lastEvents = events.LastTenOf(reads, id, EventsMaximumCharacters);
        var found = sessions.FindWith(reads, id);
        var counts = tasks.CountOf(reads, id);
        var open = approvals.FindOpenOfSession(reads, id, caller.AgentId);
        await database.ReadAsync(context, reads);
        return found is [var session] && caller.MaySee(session.AgentId) ? StatusRules.Of(session, counts[0], open, lastEvents) : null;
    }

    private async Task<FetchStatusResponse?> FindTaskAsync(Guid id, ServerCallContext context)
    {
        var caller = context.Caller();
        var reads = new ReadBatch { IsSmall = true };
        var lastEvents = events.LastTenOfTask(reads, id, EventsMaximumCharacters);
        var session = sessions.FindByTask(reads, id);
        var found = tasks.FindWith(reads, id);
        var open = approvals.FindOpenOfTask(reads, id, caller.AgentId);
        await database.ReadAsync(context, reads);
        var seesSession = session is [var its] && caller.MaySee(its.AgentId);
        return found is [var task] && TaskRules.IsVisible(task, caller) ? StatusRules.Of(task, open, seesSession ? lastEvents : []) : null;
    }
}
