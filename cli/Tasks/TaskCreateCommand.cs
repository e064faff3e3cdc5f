using System.CommandLine;
using AgentPlatform.Cli.Agents;

namespace AgentPlatform.Cli.Tasks;

/// <summary><c>agentctl task create</c>: a task for one agent, for any of a selection, or one each for all of it.</summary>
public static class TaskCreateCommand
{
    public static Command Create()
    {
        var type = new Argument<string>("TYPE") { Description = "What to do, as agents know it: 'report.build'." };
        var options = new TaskOptions();
        var json = JsonOption.Create("The whole answer as a line of JSON");
        var command = new Command("create", "Makes a task.") { type };
        foreach (var option in options.All)
            command.Add(option);
        command.Add(json);
        return command.Calls(async (caller, parsed) =>
        {
            var answer = await caller.AgentTasks.CreateTaskAsync(options.Read(parsed, parsed.GetRequiredValue(type)), CallKey.New());
            Console.Out.WriteLine(parsed.GetValue(json) ? AgentText.Json(answer) : answer.ParentId.Length > 0 ? $"{answer.Created} tasks, --parent {answer.ParentId}" : answer.Task.Id);
            return ExitCode.Ok;
        });
    }
}
