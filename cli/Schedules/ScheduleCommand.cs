using System.CommandLine;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Schedules;

/// <summary><c>agentctl schedule</c>: makes tasks by the clock.</summary>
public static class ScheduleCommand
{
    public static Command Create() => new("schedule", "Makes tasks by the clock: at the times that a cron expression names.")
    {
        List(),
        Show(),
        ScheduleCreateCommand.Create(),
        ScheduleChangeCommand.Create(),
        Pause(),
        One("resume", "Lets a schedule go on with the first tick after now.", async (caller, id) =>
            ScheduleText.Line((await caller.Schedules.ResumeScheduleAsync(new ResumeScheduleRequest { Id = id }, CallKey.New())).Schedule)),
        One("trigger", "Makes a schedule's tasks now, beside its ticks.", async (caller, id) =>
            ScheduleText.Line((await caller.Schedules.TriggerScheduleAsync(new TriggerScheduleRequest { Id = id }, CallKey.New())).Run)),
        SchedulePreviewCommand.Create(),
        Runs(),
        Delete(),
    };

    private static Argument<string> NewName() => new("SCHEDULE") { Description = "The schedule's name, or its id" };

    private static Command List()
    {
        var enabled = new Option<bool?>("--enabled") { HelpName = "true|false", Description = "Only those that fire, or only those that are paused" };
        var (limit, json) = (LimitOption.Create(), JsonOption.Create());
        return new Command("list", "Lists schedules, newest first.") { enabled, limit, json }.Calls((caller, parsed) =>
            Listing.WriteAsync<Schedule>(parsed.GetValue(limit), parsed.GetValue(json), "There are no schedules.", async (size, token) =>
            {
                var request = new ListSchedulesRequest { PageSize = size, PageToken = token };
                if (parsed.GetValue(enabled) is { } fires)
                    request.Enabled = fires;
                var page = await caller.Schedules.ListSchedulesAsync(request);
                return (page.Schedules, page.NextPageToken);
            }, ScheduleText.Table));
    }

    private static Command Show()
    {
        var (name, json) = (NewName(), JsonOption.Create("As a line of JSON"));
        return new Command("show", "Shows a schedule.") { name, json }.Calls(async (caller, parsed) =>
        {
            var schedule = await FindAsync(caller, parsed.GetRequiredValue(name));
            return Listing.Write(schedule, parsed.GetValue(json), () => ScheduleText.Picture(schedule));
        });
    }

    private static Command Runs()
    {
        var name = NewName();
        var outcome = EnumOption.Create<ScheduleRunOutcome>("--outcome", "Only runs with this outcome");
        var (limit, json) = (LimitOption.Create(), JsonOption.Create());
        return new Command("runs", "Lists what came of a schedule's ticks, the latest first.") { name, outcome, limit, json }.Calls(async (caller, parsed) =>
        {
            var id = (await FindAsync(caller, parsed.GetRequiredValue(name))).Id;
            return await Listing.WriteAsync<ScheduleRun>(parsed.GetValue(limit), parsed.GetValue(json), "There are no such runs.", async (size, token) =>
            {
                var page = await caller.Schedules.ListScheduleRunsAsync(new ListScheduleRunsRequest { ScheduleId = id, PageSize = size, PageToken = token, Outcome = parsed.GetValue(outcome) });
                return (page.Runs, page.NextPageToken);
            }, ScheduleText.Table);
        });
    }

    private static Command Pause()
    {
        var name = NewName();
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why; shown with the schedule and on the audit log" };
        return new Command("pause", "Stops the clock of a schedule; its ticks of that time are not made up for.") { name, reason }.Calls(async (caller, parsed) =>
        {
            var request = new PauseScheduleRequest { Id = (await FindAsync(caller, parsed.GetRequiredValue(name))).Id, Reason = parsed.GetValue(reason) ?? "" };
            Console.Out.WriteLine(ScheduleText.Line((await caller.Schedules.PauseScheduleAsync(request, CallKey.New())).Schedule));
            return ExitCode.Ok;
        });
    }

    private static Command Delete()
    {
        var name = NewName();
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        return new Command("delete", "Removes a schedule with its runs; tasks that it has made stay.") { name, yes }.Calls(async (caller, parsed) =>
        {
            var schedule = await FindAsync(caller, parsed.GetRequiredValue(name));
            if (!parsed.GetValue(yes) && !Confirmation.Ask($"Delete schedule {schedule.Name}?"))
                return ExitCode.Failed;
            await caller.Schedules.DeleteScheduleAsync(new DeleteScheduleRequest { Id = schedule.Id }, CallKey.New());
            Console.Out.WriteLine($"Schedule {schedule.Name} is deleted.");
            return ExitCode.Ok;
        });
    }

    private static Command One(string name, string description, Func<GatewayCaller, string, Task<string>> run)
    {
        var schedule = NewName();
        return new Command(name, description) { schedule }.Calls(async (caller, parsed) =>
        {
            Console.Out.WriteLine(await run(caller, (await FindAsync(caller, parsed.GetRequiredValue(schedule))).Id));
            return ExitCode.Ok;
        });
    }

    /// <summary>The schedule of this name or id.</summary>
    public static async Task<Schedule> FindAsync(GatewayCaller caller, string nameOrId)
    {
        if (Guid.TryParseExact(nameOrId, "D", out _))
            return (await caller.Schedules.GetScheduleAsync(new GetScheduleRequest { Id = nameOrId })).Schedule;
        return (await caller.Schedules.ListSchedulesAsync(new ListSchedulesRequest { Name = nameOrId })).Schedules.SingleOrDefault()
            ?? throw new CliException($"there is no schedule {nameOrId}");
    }
}
