using System.CommandLine;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Tasks;

/// <summary><c>agentctl task list</c>: tasks by filters, page after page.</summary>
public static class TaskListCommand
{
    private const int LargestPage = 500;
    private static readonly string[] Statuses =
        [.. Enum.GetValues<AgentTaskStatus>().Where(s => s != AgentTaskStatus.Unspecified).Select(s => RpcText.Of(s).ToLowerInvariant())];

    public static Command Create()
    {
        var status = new Option<string>("--status") { HelpName = "STATUS", Description = $"Only tasks that stand here: {string.Join(", ", Statuses)}" };
        status.AcceptOnlyFromAmong(Statuses);
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only this agent's" };
        var type = new Option<string>("--type") { HelpName = "NAME", Description = "Only tasks of this type" };
        var parent = new Option<string>("--parent") { HelpName = "ID", Description = "Only tasks of one selection" };
        var dead = new Option<bool>("--dead") { Description = "Only dead letters: failed and timed out ones" };
        var limit = LimitOption.Create();
        var json = new Option<bool>("--json") { Description = "Each task as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("list", "Lists tasks, newest first.") { status, agent, type, parent, dead, limit, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var request = new ListTasksRequest
            {
                Status = parsed.GetValue(status) is { } named ? Enum.Parse<AgentTaskStatus>(named.Replace("_", "", StringComparison.Ordinal), ignoreCase: true) : AgentTaskStatus.Unspecified,
                AgentId = parsed.GetValue(agent) ?? "",
                Type = parsed.GetValue(type) ?? "",
                ParentId = parsed.GetValue(parent) ?? "",
                DeadLetters = parsed.GetValue(dead),
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, request, parsed.GetValue(limit), parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ListTasksRequest request, int limit, bool json)
    {
        var tasks = new List<AgentTask>();
        do
        {
            request.PageSize = Math.Min(LargestPage, limit - tasks.Count);
            var page = await caller.AgentTasks.ListTasksAsync(request);
            tasks.AddRange(page.Tasks);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0 && tasks.Count < limit);

        if (json)
            tasks.ForEach(t => Console.Out.WriteLine(AgentText.Json(t)));
        else if (tasks.Count == 0)
            Console.Error.WriteLine("There are no such tasks.");
        else
            Terminal.Out.Write(TaskText.Table(tasks));
        if (request.PageToken.Length > 0)
            Console.Error.WriteLine("There are more; a greater --limit shows them.");
        return ExitCode.Ok;
    }
}
