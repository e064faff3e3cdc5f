using System.Globalization;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace AgentPlatform.Cli.Agents;

/// <summary>Agents as people and scripts read them.</summary>
public static class AgentText
{
    private const string TimeForm = "yyyy-MM-dd HH:mm:ss";
    private static readonly string[] Headings = ["id", "status", "online", "last heartbeat (UTC)", "platform", "version", "hostname", "roles", "tags"];

    private static JsonFormatter Formatter { get; } = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    /// <summary>The whole message as one line of JSON, with the names of the contract.</summary>
    public static string Json(IMessage message) => Formatter.Format(message);

    public static string Time(Timestamp? time) => time?.ToDateTime().ToString(TimeForm, CultureInfo.InvariantCulture) ?? "";

    public static Table Table(IEnumerable<Agent> agents)
    {
        var table = Terminal.NewTable(Headings);
        foreach (var agent in agents)
            table.AddRow(Cells(agent).Select(cell => new Text(PlainText.Of(cell))));
        return table;
    }

    /// <summary>One agent, name by name.</summary>
    public static Grid List(Agent agent)
    {
        var list = Terminal.NewList();
        foreach (var (name, value) in Facts(agent).Where(f => f.Value.Length > 0))
            list.AddRow(new Text(name), new Text(PlainText.Of(value)));
        return list;
    }

    /// <summary>Where an agent stands, one line.</summary>
    public static string Line(Agent agent) => PlainText.Of($"{agent.Id}  {RpcText.Of(agent.Status)}{(agent.StatusReason.Length == 0 ? "" : $"  {agent.StatusReason}")}");

    /// <summary>What happened, one line.</summary>
    public static string Line(AgentEvent happened) =>
        PlainText.Of($"{Time(happened.OccurTime)}  {happened.AgentId}  {RpcText.Of(happened.Kind)}  epoch {happened.Epoch}  {happened.Detail}".TrimEnd());

    private static string[] Cells(Agent agent) =>
    [
        agent.Id, RpcText.Of(agent.Status), agent.IsOnline ? "yes" : "no", Time(agent.LastHeartbeatTime), RpcText.Of(agent.Platform), agent.Version, agent.Hostname,
        string.Join(' ', agent.Roles), string.Join(' ', agent.Tags),
    ];

    private static IEnumerable<(string Name, string Value)> Facts(Agent agent) =>
    [
        ("id", agent.Id), ("status", RpcText.Of(agent.Status)), ("reason", agent.StatusReason), ("online", agent.IsOnline ? "yes" : "no"),
        ("last heartbeat", Time(agent.LastHeartbeatTime)), ("health", agent.Health is AgentHealth.Unspecified ? "" : RpcText.Of(agent.Health)),
        ("load", $"{agent.LoadPercent:0.#} %"), ("running tasks", $"{agent.RunningTasks}"), ("platform", RpcText.Of(agent.Platform)), ("version", agent.Version),
        ("hostname", agent.Hostname), ("roles", string.Join(' ', agent.Roles)), ("capabilities", string.Join(' ', agent.Capabilities)),
        ("tags", string.Join(", ", agent.Tags)), ("registered", Time(agent.RegisterTime)), ("epoch", $"{agent.Epoch}"),
    ];
}
