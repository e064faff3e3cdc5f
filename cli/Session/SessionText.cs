using System.Globalization;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace AgentPlatform.Cli.Sessions;

/// <summary>Sessions and their events as people and scripts read them.</summary>
public static class SessionText
{
    private const string TimeForm = "yyyy-MM-dd HH:mm:ss";
    private static readonly string[] Headings = ["id", "created (UTC)", "status", "role", "agent", "subject", "events", "task"];

    private static JsonFormatter Formatter { get; } = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    /// <summary>The whole message as one line of JSON, with the names of the contract.</summary>
    public static string Json(IMessage message) => Formatter.Format(message);

    /// <summary>A table; on a narrow terminal tasks are cut, elsewhere nothing is.</summary>
    public static Table Table(IEnumerable<Session> sessions)
    {
        var table = Terminal.NewTable(Headings);
        foreach (var column in table.Columns.SkipLast(1))
            column.NoWrap();
        foreach (var session in sessions)
            table.AddRow(Cells(session).Select((cell, index) => new Text(PlainText.Of(cell)) { Overflow = index == Headings.Length - 1 ? Overflow.Ellipsis : Overflow.Fold }));
        return table;
    }

    /// <summary>One event, one line.</summary>
    public static string Line(SessionEvent added) => PlainText.Of(string.Join("  ",
        new[] { Time(added.CreateTime), $"{added.Sequence}", added.Type, added.Source, added.Message, added.Payload.Fields.Count == 0 ? "" : Json(added.Payload) }.Where(c => c.Length > 0)));

    /// <summary>A state, one line.</summary>
    public static string Line(Session session) => $"{Time(session.UpdateTime)}  {RpcText.Of(session.Status)}  version {session.Version}";

    public static string Time(Timestamp time) => time.ToDateTime().ToString(TimeForm, CultureInfo.InvariantCulture);

    /// <summary>"booking/B-1", or nothing.</summary>
    public static string SubjectOf(Session session) => session.Subject is { } subject ? $"{subject.Type}/{subject.Id}" : "";

    private static string[] Cells(Session session) =>
    [
        session.Id,
        Time(session.CreateTime),
        RpcText.Of(session.Status),
        session.Role,
        session.AgentId,
        SubjectOf(session),
        session.LastSequence.ToString(CultureInfo.InvariantCulture),
        session.Task,
    ];
}
