using System.CommandLine;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Cli.Tasks;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Schedules;

/// <summary><c>agentctl schedule create</c>.</summary>
public static class ScheduleCreateCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "What to call it: 'nightly-audit'" };
        var cron = new Argument<string>("CRON") { Description = "When, in five fields: '0 2 * * *', or @hourly, @daily, @weekly, @monthly, @yearly" };
        var type = new Argument<string>("TYPE") { Description = "What to do, as agents know it: 'report.build'" };
        var paused = new Option<bool>("--paused") { Description = "Makes it paused" };
        var (times, task, json) = (new SpecOptions(), new TaskOptions(), JsonOption.Create("The whole schedule as a line of JSON"));
        var command = new Command("create", "Makes a schedule.") { name, cron, type };
        foreach (var option in times.All.Concat(task.All))
            command.Add(option);
        command.Add(paused);
        command.Add(json);
        return command.Calls(async (caller, parsed) =>
        {
            var spec = times.Read(parsed).Spec;
            spec.Cron = parsed.GetRequiredValue(cron);
            spec.Template = TemplateOf(task.Read(parsed, parsed.GetRequiredValue(type)));
            var request = new CreateScheduleRequest { Name = parsed.GetRequiredValue(name), Spec = spec, Paused = parsed.GetValue(paused) };
            var made = (await caller.Schedules.CreateScheduleAsync(request, CallKey.New())).Schedule;
            Console.Out.WriteLine(parsed.GetValue(json) ? AgentText.Json(made) : ScheduleText.Line(made));
            return ExitCode.Ok;
        });
    }

    private static TaskTemplate TemplateOf(CreateTaskRequest request)
    {
        var template = new TaskTemplate { Task = request.Task };
        if (request.HasAgentId)
            template.AgentId = request.AgentId;
        else if (request.All is { } all)
            template.All = all;
        else
            template.Any = request.Any;
        return template;
    }
}
