using System.Globalization;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>The RPCs of sessions, their events and live context. See session.proto for what each promises.</summary>
public sealed class SessionService(
    Database database, SessionStore store, EventStore events, SessionWatch watch, ContextStore contexts, Notices notices)
    : Contracts.Session.V1.SessionService.SessionServiceBase
{
    public override async Task<CreateSessionResponse> CreateSession(CreateSessionRequest request, ServerCallContext context)
    {
        SessionRules.Check(request, out var metadata);
        var agentId = context.Caller().NarrowTo(request.AgentId);

        await using var work = await database.BeginAsync(context);
        var session = store.Create(work, request, agentId, metadata);
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
        var filter = SessionRules.Read(request, context.Caller());
        var page = PageRequest.Read("sessions", request.PageSize, request.PageToken, filter.Status, filter.Role, filter.AgentId, filter.SubjectType, filter.SubjectId,
            request.StartTime, request.EndTime, request.MetadataContains);

        var (rows, next) = await store.ListAsync(page, filter, context);
        return new ListSessionsResponse { Sessions = { rows.Select(s => s.ToProto()) }, NextPageToken = next };
    }

    public override async Task<TransitionSessionResponse> TransitionSession(TransitionSessionRequest request, ServerCallContext context)
    {
        SessionRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var session = SessionRules.Visible(await store.FindAsync(work, id), id, work.Caller);
        SessionRules.CheckVersion(session, request.Version);
        SessionRules.CheckStep(session, request.Status);

        var moved = await store.TransitionAsync(work, session, request.Status) ?? throw SessionRules.ConcurrentUpdate(id);
        work.Audit("session.transition", $"session/{id}",
            [("from", session.Status.ToString()), ("to", moved.Status.ToString()), ("reason", request.Reason)]);
        work.Wake(SessionRules.TopicOf(id));
        if (moved.IsEnded)
            notices.SessionEnded(work, moved);
        return await work.CommitAsync(new TransitionSessionResponse { Session = moved.ToProto() });
    }

    public override async Task<UpdateSessionResponse> UpdateSession(UpdateSessionRequest request, ServerCallContext context)
    {
        SessionRules.Check(request, context.Caller(), out var id, out var metadata);

        await using var work = await database.BeginAsync(context);
        var session = SessionRules.Visible(await store.FindAsync(work, id), id, work.Caller);
        SessionRules.CheckVersion(session, request.Version);

        var updated = await store.UpdateAsync(work, SessionRules.Apply(session, request, metadata)) ?? throw SessionRules.ConcurrentUpdate(id);
        work.Audit("session.update", $"session/{id}", [("fields", string.Join(' ', request.UpdateMask.Paths)), ("legal_hold", updated.LegalHold.ToString())]);
        work.Wake(SessionRules.TopicOf(id));
        return await work.CommitAsync(new UpdateSessionResponse { Session = updated.ToProto() });
    }

    public override async Task<AppendEventsResponse> AppendEvents(AppendEventsRequest request, ServerCallContext context)
    {
        var added = EventRules.Read(request, out var id);

        await using var work = await database.BeginAsync(context);
        var appended = await events.AppendAsync(work, id, added, result =>
        {
            var (first, last) = (result.LastSequence - added.Count + 1, result.LastSequence);
            work.Audit("session.append_events", $"session/{id}",
                [("first_sequence", first.ToString(CultureInfo.InvariantCulture)), ("last_sequence", last.ToString(CultureInfo.InvariantCulture))]);
            work.Wake(SessionRules.TopicOf(id));
            return new AppendEventsResponse { FirstSequence = first, LastSequence = last };
        });
        return appended ?? throw EventRules.WhyRefused(SessionRules.Visible(await store.FindAsync(work, id), id, work.Caller), added.Count);
    }

    public override async Task<ListEventsResponse> ListEvents(ListEventsRequest request, ServerCallContext context)
    {
        EventRules.Check(request, out var id);
        var page = PageRequest.Read("events", request.PageSize, request.PageToken, id, request.Order, request.AfterSequence);

        var session = SessionRules.Visible(await store.FindAsync(id, context), id, context.Caller());
        var newestFirst = request.Order is EventOrder.NewestFirst;
        var rows = newestFirst
            ? await events.BeforeAsync(id, page.AfterNumber ?? long.MaxValue, request.AfterSequence, page.Size, context)
            : await events.AfterAsync(id, page.AfterNumber ?? request.AfterSequence, page.Size, context);
        // Sequences have no gaps, so the last one of a page tells whether there is another.
        var hasNext = rows.Count > 0 && (newestFirst ? rows[^1].Sequence > request.AfterSequence + 1 : rows[^1].Sequence < session.LastSequence);
        return new ListEventsResponse
        {
            Events = { rows.Select(e => e.ToProto()) },
            NextPageToken = hasNext ? page.TokenAfter(rows[^1].Sequence.ToString(CultureInfo.InvariantCulture)) : "",
        };
    }

    public override async Task WatchSession(WatchSessionRequest request, IServerStreamWriter<WatchSessionResponse> responseStream, ServerCallContext context)
    {
        EventRules.Check(request, out var id);
        await watch.RunAsync(id, request.HasAfterSequence ? request.AfterSequence : null, responseStream, context);
    }

    public override async Task<GetContextResponse> GetContext(GetContextRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("session_id", request.SessionId, out var id).ThrowIfAny();

        var found = await contexts.FindAsync(id, context);
        return new GetContextResponse { Context = ContextRules.Visible(found, id, context.Caller()).ToProto() };
    }

    public override async Task<UpdateContextResponse> UpdateContext(UpdateContextRequest request, ServerCallContext context)
    {
        ContextRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var updated = await contexts.ChangeAsync(work, id, present =>
        {
            var changed = ContextRules.Apply(ContextRules.Visible(present, id, work.Caller), request, database.Now);
            contexts.Put(work, changed);
            work.Audit("session.update_context", $"session/{id}",
                [("version", changed.Version.ToString(CultureInfo.InvariantCulture)), ("members", string.Join(' ', request.MergePatch?.Fields.Keys ?? [])),
                 ("counters", string.Join(' ', request.Increments.Keys))]);
            return new UpdateContextResponse { Context = changed.ToProto() };
        });
        return updated ?? throw SessionRules.NotFound(id);
    }
}
