using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>
/// Follows sessions. Events of one are committed in the order of their sequence (see <see cref="EventStore"/>), so reading on from the last one
/// skips nothing, whoever writes and wherever; wake-ups only say when to look.
/// </summary>
public sealed class SessionWatch(SessionStore sessions, EventStore events, Wakeups wakeups, StreamGate gate)
{
    private const int PieceEvents = 200;

    /// <summary>Streams until the session has ended, the caller leaves, or the process stops.</summary>
    /// <param name="id">The session.</param>
    /// <param name="after">The last sequence that the caller has; null to begin with what comes from now on.</param>
    /// <param name="output">The caller.</param>
    /// <param name="context">The call.</param>
    public Task RunAsync(Guid id, long? after, IServerStreamWriter<WatchSessionResponse> output, ServerCallContext context) =>
        gate.RunAsync(context, stop => FollowAsync(id, after, output, context, stop));

    private async Task FollowAsync(Guid id, long? after, IServerStreamWriter<WatchSessionResponse> output, ServerCallContext context, CancellationToken stop)
    {
        using var wakeup = wakeups.Listen(SessionRules.TopicOf(id));
        var session = await FindAsync(id, context);
        var cursor = after ?? session.LastSequence;
        if (cursor > session.LastSequence)
            throw new PlatformException(StatusCode.OutOfRange, "SEQUENCE_BEYOND_END", $"Session {id} has {session.LastSequence} events; {cursor} is not there yet.");
        var shownVersion = 0L;
        while (!session.IsEnded)
        {
            if (session.Version > shownVersion)
                await output.WriteAsync(new WatchSessionResponse { Session = session.ToProto(), Sequence = cursor }, stop);
            shownVersion = session.Version;
            cursor = await ReadUpToAsync(session, cursor, output, context, stop);
            await wakeup.WaitAsync(stop);
            session = await FindAsync(id, context);
        }
        // An ended session takes no more events, so its row tells of the last one.
        cursor = await ReadUpToAsync(session, cursor, output, context, stop);
        await output.WriteAsync(new WatchSessionResponse { Session = session.ToProto(), Sequence = cursor }, stop);
    }

    private async Task<long> ReadUpToAsync(
        SessionRecord session, long cursor, IServerStreamWriter<WatchSessionResponse> output, ServerCallContext context, CancellationToken stop)
    {
        while (cursor < session.LastSequence)
        {
            var piece = await events.AfterAsync(session.Id, cursor, PieceEvents, context);
            // Retention has removed the session in between.
            if (piece.Count == 0)
                throw SessionRules.NotFound(session.Id);
            cursor = piece[^1].Sequence;
            await output.WriteAsync(new WatchSessionResponse { Events = { piece.Select(e => e.ToProto()) }, Sequence = cursor }, stop);
        }
        return cursor;
    }

    private async Task<SessionRecord> FindAsync(Guid id, ServerCallContext context) =>
        SessionRules.Visible(await sessions.FindAsync(id, context), id, context.Caller());
}
