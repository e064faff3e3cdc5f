using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Sessions;

/// <summary>What an event may be, and how many there may be. No I/O.</summary>
public static class EventRules
{
    public const int AppendMaximumEvents = 500;
    public const int SourceMaximumCharacters = 128;
    public const int MessageMaximumCharacters = 16_000;
    public const int PayloadMaximumBytes = 64 * 1024;

    /// <summary>So that retention can remove a session in one transaction of seconds.</summary>
    public const int SessionMaximumEvents = 250_000;

    /// <summary>
    /// A page ends with the event that reaches this: what a client takes is 4 MiB unless it says otherwise, and one event is a quarter of a MiB at most.
    /// </summary>
    public const int PageMaximumBytes = 2 * 1024 * 1024;

    /// <summary>Checks what is to be appended, and lays it out by column.</summary>
    public static NewEvents Read(AppendEventsRequest request, out Guid sessionId)
    {
        var count = request.Events.Count;
        new FieldChecks()
            .Id("session_id", request.SessionId, out sessionId)
            .Require(count > 0, "events", "is required")
            .Require(count <= AppendMaximumEvents, "events", $"has {count:N0} events; at most {AppendMaximumEvents} are allowed")
            .ThrowIfAny();
        var events = new NewEvents(new string[count], new string[count], new string[count], new string[count], new double[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            var added = request.Events[i];
            new FieldChecks($"events[{i}].")
                .DottedName("type", added.Type)
                .Text("source", added.Source, SourceMaximumCharacters)
                .Text("message", added.Message, MessageMaximumCharacters)
                .Json("payload", added.Payload, PayloadMaximumBytes, out var payload)
                .Require(added.Salience is >= 0 and <= 1, "salience", "is not from 0 to 1")
                .ThrowIfAny();
            (events.Types[i], events.Sources[i], events.Messages[i], events.Payloads[i]) = (added.Type, added.Source, added.Message, payload);
            (events.Saliences[i], events.SizesBytes[i]) = (added.Salience, added.CalculateSize());
        }
        return events;
    }

    public static void Check(ListEventsRequest request, out Guid sessionId) => new FieldChecks()
        .Id("session_id", request.SessionId, out sessionId)
        .KnownOrUnspecified("order", request.Order)
        .Require(request.AfterSequence >= 0, "after_sequence", "is negative")
        .ThrowIfAny();

    public static void Check(WatchSessionRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .Require(request.AfterSequence >= 0, "after_sequence", "is negative")
        .ThrowIfAny();

    /// <summary>Why events were not taken, from the session as it stands after the attempt.</summary>
    public static PlatformException WhyRefused(SessionRecord session, int count) =>
        session.IsEnded ? SessionRules.Ended(session.Id, session.Status)
            : session.LastSequence + count > SessionMaximumEvents
                ? Errors.FailedPrecondition("TOO_MANY_EVENTS", $"Session {session.Id} has {session.LastSequence:N0} events; {SessionMaximumEvents:N0} is the most.")
                // The agent's own session was there, open and with room: it must have come into being in between.
                : Errors.ConcurrentUpdate($"Session {session.Id}");
}
