using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Spectre.Console;

namespace AgentPlatform.Cli.Tasks;

/// <summary>Tasks of agents as people and scripts read them.</summary>
public static class TaskText
{
    private static readonly string[] Headings = ["id", "created (UTC)", "status", "type", "agent", "priority", "attempt", "progress", "reason"];

    public static Table Table(IEnumerable<AgentTask> tasks)
    {
        var table = Terminal.NewTable(Headings);
        foreach (var column in table.Columns.SkipLast(1))
            column.NoWrap();
        foreach (var task in tasks)
            table.AddRow(Cells(task).Select(cell => new Text(PlainText.Of(cell))));
        return table;
    }

    /// <summary>Where a task stands, one line.</summary>
    public static string Line(AgentTask task) => PlainText.Of(
        $"{AgentText.Time(task.UpdateTime)}  {task.Id}  {RpcText.Of(task.Status)}  attempt {task.Attempt}  {task.ProgressPercent} %  {task.ProgressMessage}{task.Reason} {task.Message}".TrimEnd());

    private static string[] Cells(AgentTask task) =>
    [
        task.Id, AgentText.Time(task.CreateTime), RpcText.Of(task.Status), task.Type, task.AgentId, $"{task.Priority}", $"{task.Attempt} of {task.MaxAttempts}",
        $"{task.ProgressPercent} %", task.Reason,
    ];
}
