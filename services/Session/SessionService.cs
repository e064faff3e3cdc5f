using System.Globalization;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>The RPCs of sessions. See session.proto for what each promises.</summary>
public sealed class SessionService(Database database, SessionStore store, EventStore events, SessionWatcher watcher)
    : Contracts.Session.V1.SessionService.SessionServiceBase
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
        return new GetSessionResponse { Session = SessionRules.Visible(session, id, context.Caller()).ToProto() };
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
        var session = SessionRules.Visible(await store.FindAsync(work, id), id, work.Caller);
        if (request.Version != 0 && request.Version != session.Version)
            throw Errors.ConcurrentUpdate($"Session {id}");
        SessionRules.CheckStep(session, request.Status);

        var moved = await store.TransitionAsync(work, session, request.Status) ?? throw Errors.ConcurrentUpdate($"Session {id}");
        work.Audit("session.transition", $"session/{id}",
            [("from", session.Status.ToString()), ("to", moved.Status.ToString()), ("reason", request.Reason)]);
        work.Wake(SessionWatcher.TopicOf(id));
        return await work.CommitAsync(new TransitionSessionResponse { Session = moved.ToProto() });
    }

    public override async Task<SetLegalHoldResponse> SetLegalHold(SetLegalHoldRequest request, ServerCallContext context)
    {
        SessionRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var session = SessionRules.Visible(await store.HoldAsync(work, id, request.Hold), id, work.Caller);
        work.Audit("session.legal_hold", $"session/{id}", [("hold", request.Hold ? "true" : "false"), ("reason", request.Reason)],
            authorizedBy: work.Caller.Subject);
        work.Wake(SessionWatcher.TopicOf(id));
        return await work.CommitAsync(new SetLegalHoldResponse { Session = session.ToProto() });
    }

    public override async Task<AppendEventsResponse> AppendEvents(AppendEventsRequest request, ServerCallContext context)
    {
        var added = EventRules.Check(request, context.Caller().Subject, out var id);

        await using var work = await database.BeginAsync(context);
        var last = await events.AppendAsync(work, id, work.Caller.AgentId, added);
        if (last is null)
        {
            var session = SessionRules.Visible(await store.FindAsync(work, id), id, work.Caller);
            throw new PlatformException(StatusCode.FailedPrecondition, "SESSION_ENDED", $"The session is {session.Status.ToString().ToUpperInvariant()} and takes no more events.");
        }
        var first = last.Value - added.Count + 1;
        work.Audit("session.append", $"session/{id}", [("first_sequence", $"{first}"), ("last_sequence", $"{last}")]);
        work.Wake(SessionWatcher.TopicOf(id));
        return await work.CommitAsync(new AppendEventsResponse { FirstSequence = first, LastSequence = last.Value });
    }

    public override async Task<ListEventsResponse> ListEvents(ListEventsRequest request, ServerCallContext context)
    {
        EventRules.Check(request, out var id);
        var page = PageRequest.Read("events", request.PageSize, request.PageToken, id, request.Type, request.NewestFirst);

        SessionRules.Visible(await store.FindAsync(id, context), id, context.Caller());
        var fetched = await events.ListAsync(context, id, page.AfterNumber, request.Type, request.NewestFirst, page.Fetch);
        var (rows, next) = page.Cut(fetched, e => e.Sequence.ToString(CultureInfo.InvariantCulture));
        return new ListEventsResponse { Events = { rows.Select(e => e.ToProto()) }, NextPageToken = next };
    }

    public override Task WatchSession(WatchSessionRequest request, IServerStreamWriter<WatchSessionResponse> responseStream, ServerCallContext context)
    {
        EventRules.Check(request, out var id);
        return watcher.RunAsync(id, request.HasAfterSequence ? request.AfterSequence : null, responseStream, context);
    }
}
