using System.CommandLine;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Cli.Schedules;

/// <summary><c>agentctl schedule change</c>: when it fires; what is not given stays.</summary>
public static class ScheduleChangeCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("SCHEDULE") { Description = "The schedule's name, or its id" };
        var cron = new Option<string>("--cron") { HelpName = "CRON", Description = "When, in five fields, or as @daily" };
        var times = new SpecOptions();
        var command = new Command("change", "Changes when a schedule fires. With another timetable it counts from now on.") { name, cron };
        foreach (var option in times.All)
            command.Add(option);
        command.Validators.Add(given =>
        {
            if (times.All.Append(cron).All(o => given.GetResult(o) is null))
                given.AddError("Say what to change.");
        });
        return command.Calls(async (caller, parsed) =>
        {
            var schedule = await ScheduleCommand.FindAsync(caller, parsed.GetRequiredValue(name));
            var (spec, fields) = times.Read(parsed);
            spec.Cron = parsed.GetValue(cron) ?? "";
            var request = new UpdateScheduleRequest { Id = schedule.Id, Version = schedule.Version, Spec = spec, UpdateMask = new FieldMask { Paths = { fields } } };
            if (spec.Cron.Length > 0)
                request.UpdateMask.Paths.Add("cron");
            Console.Out.WriteLine(ScheduleText.Line((await caller.Schedules.UpdateScheduleAsync(request, CallKey.New())).Schedule));
            return ExitCode.Ok;
        });
    }
}
