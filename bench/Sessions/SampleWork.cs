using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Bench.Sessions;

/// <summary>What agents do in the sessions of the benchmark, of the sizes that such things have.</summary>
public static class SampleWork
{
    public const string Metadata = """{"booking":"4711","client":"Protea Events"}""";

    /// <summary>What an event says, as JSON; a checkpoint of a peer holds the same.</summary>
    public const string Event = """
        {"type":"tool.called","source":"agent","message":"Asked the price list for a marquee of 12 by 18 metres","payload":{"tool":"price_list","item":"marquee","days":2,"amount":1250.5},"salience":0.4}
        """;

    public const string Counter = "tokens";

    public static readonly CreateSessionRequest Create = new()
    {
        Role = "finance",
        Task = "Price the marquee, the chairs and the generator for the booking",
        Metadata = Struct.Parser.ParseJson(Metadata),
    };

    private static readonly SessionEvent Appended = SessionEvent.Parser.ParseJson(Event);

    private static readonly Struct Document = Struct.Parser.ParseJson(
        """{"step":"pricing","client":"Protea Events","items":["marquee","chairs","generator"],"total":{"currency":"EUR","units":4120}}""");

    public static AppendEventsRequest Append(Guid session, int events) =>
        new() { SessionId = session.ToString(), Events = { Enumerable.Repeat(Appended, events) } };

    public static UpdateContextRequest Increment(Guid session) => new() { SessionId = session.ToString(), Increments = { [Counter] = 17 } };

    public static UpdateContextRequest Fill(Guid session) => new(Increment(session)) { MergePatch = Document };

    public static CreateTaskRequest Task(Guid session) =>
        new() { Type = "price.check", FromRole = "finance", ToRole = "sourcing", SessionId = session.ToString(), Payload = Document };

    public static RequestApprovalRequest Approval(Guid session) => new()
    {
        SessionId = session.ToString(),
        ApproverRole = Contracts.Access.V1.Role.Operator,
        Action = "invoice.send",
        Arguments = Document,
        Reason = "The invoice goes to the client",
    };
}
