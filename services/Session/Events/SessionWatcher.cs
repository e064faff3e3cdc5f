using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>
/// Follows a session. Sequences are given out under the lock of the session's row, so the count that is read there covers committed
/// events alone, and reading on from the last one leaves none out.
/// </summary>
public sealed class SessionWatcher(SessionStore sessions, EventStore events, Wakeups wakeups, StreamGate gate)
{
    private const int PieceEvents = 200;

    /// <summary>The topic that a change of this session wakes.</summary>
    public static string TopicOf(Guid id) => $"session/{id}";

    /// <summary>Streams until the session has ended, the caller leaves or the process stops.</summary>
    public Task RunAsync(Guid id, long? after, IServerStreamWriter<WatchSessionResponse> output, ServerCallContext context) =>
        gate.RunAsync(context, stop => FollowAsync(id, after, output, context, stop));

    private async Task FollowAsync(Guid id, long? after, IServerStreamWriter<WatchSessionResponse> output, ServerCallContext context, CancellationToken stop)
    {
        // Before the first look: a change after it is heard.
        using var wakeup = wakeups.Listen(TopicOf(id));
        var session = await FindAsync(id, context);
        var cursor = after ?? session.EventCount;
        if (cursor > session.EventCount)
            throw new PlatformException(StatusCode.OutOfRange, "SEQUENCE_BEYOND_END", $"The session has {session.EventCount} events; {cursor} is not there yet.");
        await output.WriteAsync(new WatchSessionResponse { Session = session.ToProto() }, stop);
        var toldVersion = session.Version;
        while (true)
        {
            while (cursor < session.EventCount)
            {
                var piece = await events.ListAsync(context, id, cursor, "", newestFirst: false, PieceEvents);
                // Retention has taken the session meanwhile; the next look says so.
                if (piece.Count == 0)
                    break;
                foreach (var next in piece)
                {
                    await output.WriteAsync(new WatchSessionResponse { Event = next.ToProto() }, stop);
                    cursor = next.Sequence;
                }
            }
            if (session.Version != toldVersion)
                await output.WriteAsync(new WatchSessionResponse { Session = session.ToProto() }, stop);
            toldVersion = session.Version;
            // An ended session takes no events, so its count is final.
            if (SessionRules.IsEnded(session.Status) && cursor >= session.EventCount)
                return;
            await wakeup.WaitAsync(stop);
            session = await FindAsync(id, context);
        }
    }

    private async Task<SessionRecord> FindAsync(Guid id, ServerCallContext context) =>
        SessionRules.Visible(await sessions.FindAsync(id, context), id, context.Caller());
}
