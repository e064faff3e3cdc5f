using System.CommandLine;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Schedules;

/// <summary><c>agentctl schedule preview</c>: the next ticks of a schedule, or of an expression that none has yet.</summary>
public static class SchedulePreviewCommand
{
    public static Command Create()
    {
        var what = new Argument<string>("CRON|SCHEDULE") { Description = "An expression in quotes, '0 2 * * *', or @daily; or a schedule's name or id" };
        var zone = new Option<string>("--zone") { HelpName = "NAME", Description = "Whose clocks count for an expression; UTC unless given" };
        var count = new Option<int>("--count") { HelpName = "N", DefaultValueFactory = _ => 10, Description = "How many, up to 100" };
        var json = JsonOption.Create();
        return new Command("preview", "Tells the next ticks, by the zone's clocks and in UTC.") { what, zone, count, json }.Calls(async (caller, parsed) =>
        {
            var (text, request) = (parsed.GetRequiredValue(what), new PreviewScheduleRequest { Count = parsed.GetValue(count), TimeZone = parsed.GetValue(zone) ?? "" });
            // No name has a blank or begins with @.
            if (text.Contains(' ') || text.StartsWith('@'))
                request.Cron = text;
            else
                request.Id = (await ScheduleCommand.FindAsync(caller, text)).Id;
            foreach (var tick in (await caller.Schedules.PreviewScheduleAsync(request)).Ticks)
                Console.Out.WriteLine(parsed.GetValue(json) ? AgentText.Json(tick) : $"{tick.LocalTime}  {AgentText.Time(tick.Time)} UTC");
            return ExitCode.Ok;
        });
    }
}
