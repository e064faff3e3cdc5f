using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Sessions;

/// <summary>What an event may be. No I/O.</summary>
public static class EventRules
{
    public const int MaximumEvents = 500;
    public const int SourceMaximumCharacters = 256;
    public const int MessageMaximumCharacters = 8_000;
    public const int PayloadMaximumBytes = 64 * 1024;

    /// <summary>Reads the events to add, without sequence and time; INVALID_ARGUMENT with all that is wrong with the first bad one.</summary>
    public static IReadOnlyList<EventRecord> Check(AppendEventsRequest request, string caller, out Guid sessionId)
    {
        new FieldChecks()
            .Id("session_id", request.SessionId, out sessionId)
            .Require(request.Events.Count is > 0 and <= MaximumEvents, "events", $"has {request.Events.Count:N0} events; 1–{MaximumEvents} are allowed")
            .ThrowIfAny();
        return [.. request.Events.Select((e, i) => Check(e, i, caller))];
    }

    public static void Check(ListEventsRequest request, out Guid sessionId)
    {
        var checks = new FieldChecks().Id("session_id", request.SessionId, out sessionId);
        if (request.Type.Length > 0)
            checks.DottedName("type", request.Type);
        checks.ThrowIfAny();
    }

    public static void Check(WatchSessionRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .Require(request.AfterSequence >= 0, "after_sequence", "is negative")
        .ThrowIfAny();

    private static EventRecord Check(SessionEvent given, int index, string caller)
    {
        new FieldChecks($"events[{index}].")
            .DottedName("type", given.Type)
            .Text("source", given.Source, SourceMaximumCharacters)
            .Text("message", given.Message, MessageMaximumCharacters)
            .Json("payload", given.Payload, PayloadMaximumBytes, out var payload)
            // NaN is in no range.
            .Require(given.Salience is >= 0 and <= 1, "salience", "is not between 0 and 1")
            .ThrowIfAny();
        return new EventRecord(0, given.Type, given.Source.Length > 0 ? given.Source : caller, given.Message, payload, given.Salience, default);
    }
}
