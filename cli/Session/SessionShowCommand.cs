using System.CommandLine;
using System.Globalization;
using AgentPlatform.Contracts.Session.V1;
using Spectre.Console;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session show</c>: a session, its live context and its last events.</summary>
public static class SessionShowCommand
{
    private const int DefaultEvents = 10;
    private const int MostEvents = 500;

    public static Command Create()
    {
        var id = SessionCommand.NewId();
        var events = new Option<int>("--events") { HelpName = "N", DefaultValueFactory = _ => DefaultEvents, Description = $"How many of the last events at most, up to {MostEvents}" };
        events.Validators.Add(given =>
        {
            if (given.GetValue(events) is < 1 or > MostEvents)
                given.AddError($"--events must be 1 to {MostEvents}.");
        });
        var json = new Option<bool>("--json") { Description = "Each on a line of JSON: the session, its context, and the events" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("show", "Shows a session, its live context and its last events.") { id, events, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, parsed.GetRequiredValue(id), parsed.GetValue(events), parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, string id, int count, bool json)
    {
        var session = (await caller.Sessions.GetSessionAsync(new GetSessionRequest { Id = id })).Session;
        var context = (await caller.Sessions.GetContextAsync(new GetContextRequest { SessionId = id })).Context;
        var newest = await caller.Sessions.ListEventsAsync(new ListEventsRequest { SessionId = id, PageSize = count, Order = EventOrder.NewestFirst });
        var events = newest.Events.Reverse().ToList();
        if (json)
        {
            Console.Out.WriteLine(SessionText.Json(session));
            Console.Out.WriteLine(SessionText.Json(context));
            events.ForEach(e => Console.Out.WriteLine(SessionText.Json(e)));
            return ExitCode.Ok;
        }

        var list = Terminal.NewList();
        foreach (var (name, value) in Facts(session, context).Where(f => f.Value.Length > 0))
            list.AddRow(new Text(name), new Text(PlainText.Of(value)));
        Terminal.Out.Write(list);
        // As they are: cut or wrapped, a line could not be searched for.
        if (events.Count > 0)
            Console.Out.WriteLine();
        events.ForEach(e => Console.Out.WriteLine(SessionText.Line(e)));
        return ExitCode.Ok;
    }

    private static IEnumerable<(string Name, string Value)> Facts(Session session, SessionContext context) =>
    [
        ("id", session.Id),
        ("status", RpcText.Of(session.Status)),
        ("role", session.Role),
        ("task", session.Task),
        ("agent", session.AgentId),
        ("subject", SessionText.SubjectOf(session)),
        ("profile", session.Profile),
        ("created", SessionText.Time(session.CreateTime)),
        ("changed", SessionText.Time(session.UpdateTime)),
        ("ended", session.EndTime is { } end ? SessionText.Time(end) : ""),
        ("expires", session.EndTime is null ? SessionText.Time(session.ExpireTime) : ""),
        ("legal hold", session.LegalHold ? "yes" : ""),
        ("version", session.Version.ToString(CultureInfo.InvariantCulture)),
        ("trace", session.TraceId),
        ("metadata", session.Metadata.Fields.Count == 0 ? "" : SessionText.Json(session.Metadata)),
        ("counters", string.Join(", ", context.Counters.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value}"))),
        ("context", context.Document.Fields.Count == 0 ? "" : SessionText.Json(context.Document)),
    ];
}
