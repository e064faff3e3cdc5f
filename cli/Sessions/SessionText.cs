using System.Globalization;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace AgentPlatform.Cli.Sessions;

/// <summary>Sessions and events as people and scripts read them.</summary>
public static class SessionText
{
    private const string TimeForm = "yyyy-MM-dd HH:mm:ss.fff";
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    /// <summary>The whole message as one line of JSON, with the names of the contract.</summary>
    public static string Json(IMessage message) => Formatter.Format(message);

    public static Table Table(IEnumerable<Session> sessions)
    {
        var table = Terminal.NewTable("id", "status", "role", "agent", "events", "updated (UTC)", "task");
        foreach (var column in table.Columns.SkipLast(1))
            column.NoWrap();
        foreach (var s in sessions)
        {
            string[] cells = [s.Id, State(s), s.Role, s.AgentId, s.EventCount.ToString(CultureInfo.InvariantCulture), Time(s.UpdateTime), s.Task];
            table.AddRow(cells.Select(c => new Text(PlainText.Of(c))));
        }
        return table;
    }

    /// <summary>How a session stands, in a line.</summary>
    public static string Line(Session session) => PlainText.Of($"{Time(session.UpdateTime)}  session {session.Id} of {Named(session.AgentId)} is {State(session)}");

    /// <summary>An event in a line.</summary>
    public static string Line(SessionEvent happened)
    {
        var payload = happened.Payload is { Fields.Count: > 0 } details ? JsonFormatter.Default.Format(details) : "";
        return PlainText.Of(string.Join("  ", new[]
        {
            Time(happened.CreateTime), happened.Sequence.ToString(CultureInfo.InvariantCulture), happened.Source, happened.Type, happened.Message, payload,
        }.Where(t => t.Length > 0)));
    }

    private static string Named(string agentId) => agentId.Length > 0 ? agentId : "nobody";

    private static string State(Session session) => RpcText.Of(session.Status).ToLowerInvariant() + (session.LegalHold ? ", held" : "");

    private static string Time(Timestamp? time) => time?.ToDateTime().ToString(TimeForm, CultureInfo.InvariantCulture) ?? "";
}
