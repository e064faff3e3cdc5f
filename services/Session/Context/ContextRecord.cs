using System.Text.Json;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>
/// A session's live context: a row of <c>session.contexts</c>, or none yet, and what the session's own row says: among it whether its time should be
/// prolonged when it is used.
/// </summary>
public sealed record ContextRecord(
    Guid SessionId, string AgentId, SessionStatus Status, long EventCount, bool IsProlongationDue, string Document, IReadOnlyDictionary<string, long> Counters, long Version,
    DateTimeOffset? UpdatedAt)
{
    /// <summary>The counter that is the platform's own: the number of the session's events, which is kept by appending them.</summary>
    public const string EventsCounter = "events";

    public SessionContext ToProto() => new()
    {
        SessionId = SessionId.ToString(),
        Document = JsonStruct.Parse(Document),
        Counters = { Counters.ToDictionary(), { EventsCounter, EventCount } },
        Version = Version,
        UpdateTime = UpdatedAt?.ToTimestamp(),
    };

    public static IReadOnlyDictionary<string, long> ReadCounters(string json) => JsonSerializer.Deserialize<Dictionary<string, long>>(json)!;

    public string WriteCounters() => JsonSerializer.Serialize(Counters);
}
