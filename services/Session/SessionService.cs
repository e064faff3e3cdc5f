using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>The RPCs of sessions. See session.proto for what each promises.</summary>
public sealed class SessionService(Database database, SessionStore store) : Contracts.Session.V1.SessionService.SessionServiceBase
{
    public override async Task<CreateSessionResponse> CreateSession(CreateSessionRequest request, ServerCallContext context)
    {
        SessionRules.Check(request, out var metadata);
        var agentId = context.Caller().NarrowTo(request.AgentId);

        await using var work = await database.BeginAsync(context);
        var session = store.Create(work, request.Role, request.Task, agentId, metadata);
        work.Audit("session.create", $"session/{session.Id}", [("role", session.Role), ("agent_id", session.AgentId)]);
        return await work.CommitAsync(new CreateSessionResponse { Session = session.ToProto() });
    }

    public override async Task<GetSessionResponse> GetSession(GetSessionRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var session = await store.FindAsync(id, context);
        return new GetSessionResponse { Session = Visible(session, id, context.Caller()).ToProto() };
    }

    public override async Task<ListSessionsResponse> ListSessions(ListSessionsRequest request, ServerCallContext context)
    {
        SessionRules.Check(request);
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("sessions", request.PageSize, request.PageToken, request.Status, request.Role, agentId);

        var fetched = await store.ListAsync(page, request.Status, request.Role, agentId, context);
        var (rows, next) = page.Cut(fetched, s => s.Id.ToString());
        return new ListSessionsResponse { Sessions = { rows.Select(s => s.ToProto()) }, NextPageToken = next };
    }

    public override async Task<TransitionSessionResponse> TransitionSession(TransitionSessionRequest request, ServerCallContext context)
    {
        SessionRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var session = Visible(await store.FindAsync(work, id), id, work.Caller);
        if (request.Version != 0 && request.Version != session.Version)
            throw Errors.ConcurrentUpdate($"Session {id}");
        SessionRules.CheckStep(session, request.Status);

        var moved = await store.TransitionAsync(work, session, request.Status) ?? throw Errors.ConcurrentUpdate($"Session {id}");
        work.Audit("session.transition", $"session/{id}",
            [("from", session.Status.ToString()), ("to", moved.Status.ToString()), ("reason", request.Reason)]);
        return await work.CommitAsync(new TransitionSessionResponse { Session = moved.ToProto() });
    }

    // To an agent, another's session is as if it were not there.
    private static SessionRecord Visible(SessionRecord? session, Guid id, Caller caller) =>
        session is not null && caller.MaySee(session.AgentId) ? session
            : throw Errors.NotFound("SESSION_NOT_FOUND", $"There is no session {id}.");
}
