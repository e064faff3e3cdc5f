using System.CommandLine;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Tasks;

/// <summary><c>agentctl task</c>: makes tasks for agents, finds and follows them, calls them off and tries them again.</summary>
public static class TaskCommand
{
    public static Command Create() => new("task", "Makes tasks for agents, finds and follows them, calls them off and tries them again.")
    {
        TaskCreateCommand.Create(),
        TaskListCommand.Create(),
        One("show", "Shows a task as a line of JSON.", async (caller, id) =>
        {
            Console.Out.WriteLine(AgentText.Json((await caller.AgentTasks.GetTaskAsync(new GetTaskRequest { Id = id })).Task));
        }),
        One("watch", "Follows a task until it ends.", async (caller, id) =>
        {
            await foreach (var change in caller.AgentTasks.WatchTask(new WatchTaskRequest { Id = id }, deadline: DateTime.MaxValue).ResponseStream.ReadAllAsync())
                Console.Out.WriteLine(TaskText.Line(change.Task));
        }),
        One("cancel", "Calls a task off: at once while it waits, else when its holder lets go.", async (caller, id) =>
        {
            Console.Out.WriteLine(TaskText.Line((await caller.AgentTasks.CancelTaskAsync(new CancelTaskRequest { Id = id }, CallKey.New())).Task));
        }),
        One("replay", "Gives a task that failed, timed out or was cancelled all its attempts again.", async (caller, id) =>
        {
            Console.Out.WriteLine(TaskText.Line((await caller.AgentTasks.ReplayTaskAsync(new ReplayTaskRequest { Id = id }, CallKey.New())).Task));
        }),
    };

    private static Command One(string name, string description, Func<GatewayCaller, string, Task> run)
    {
        var id = new Argument<string>("ID") { Description = "The task's id." };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command(name, description) { id, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            await run(connection.Caller, parsed.GetRequiredValue(id));
            return ExitCode.Ok;
        });
        return command;
    }
}
