using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Spectre.Console;

namespace AgentPlatform.Cli.Schedules;

/// <summary>Schedules and their runs as people read them.</summary>
public static class ScheduleText
{
    public static Table Table(IEnumerable<Schedule> schedules) => Terminal.NewTable(["name", "fires", "cron", "zone", "next (UTC)", "last (UTC)", "task", "for"],
        schedules.Select(s => new[]
        {
            s.Name, s.Enabled ? "yes" : "paused", s.Spec.Cron, s.Spec.TimeZone, AgentText.Time(s.NextTime), AgentText.Time(s.LastTime), s.Spec.Template.Task.Type, For(s.Spec.Template),
        }));

    public static Table Table(IEnumerable<ScheduleRun> runs) => Terminal.NewTable(["tick (UTC)", "taken (UTC)", "outcome", "tasks", "first task", "by", "reason"],
        runs.Select(r => new[]
        {
            AgentText.Time(r.TickTime), AgentText.Time(r.RunTime), Word(r), $"{r.TaskCount}", r.TaskIds.FirstOrDefault(""), r.TriggeredBy, r.Reason,
        }));

    /// <summary>One schedule, name by name.</summary>
    public static Grid Picture(Schedule schedule) => Terminal.NewList(
        ("schedule", schedule.Name),
        ("id", schedule.Id),
        ("description", schedule.Spec.Description),
        ("cron", schedule.Spec.Cron),
        ("zone", schedule.Spec.TimeZone),
        ("missed", RpcText.Of(schedule.Spec.MissedRuns).ToLowerInvariant()),
        ("overlap", RpcText.Of(schedule.Spec.Overlap).ToLowerInvariant()),
        ("start", AgentText.Time(schedule.Spec.StartTime)),
        ("end", AgentText.Time(schedule.Spec.EndTime)),
        ("fires", schedule.Enabled ? "yes" : $"paused {schedule.PauseReason}".TrimEnd()),
        ("next", AgentText.Time(schedule.NextTime)),
        ("last", AgentText.Time(schedule.LastTime)),
        ("for", For(schedule.Spec.Template)),
        ("task", AgentText.Json(schedule.Spec.Template.Task)),
        ("created", $"{AgentText.Time(schedule.CreateTime)} by {schedule.CreatedBy}"),
        ("version", $"{schedule.Version}"));

    /// <summary>Where a schedule stands, one line.</summary>
    public static string Line(Schedule schedule) =>
        PlainText.Of($"{schedule.Name}  {(schedule.Enabled ? $"next {AgentText.Time(schedule.NextTime)} UTC" : "paused")}  {schedule.Id}");

    /// <summary>What came of a tick, one line.</summary>
    public static string Line(ScheduleRun run) => PlainText.Of($"{Word(run)}  {run.TaskCount} tasks  {string.Join(' ', run.TaskIds)}");

    private static string Word(ScheduleRun run) => run.Outcome is ScheduleRunOutcome.Skipped
        ? $"SKIPPED to before {(run.SkippedUntil is null ? "the end" : AgentText.Time(run.SkippedUntil))}" : RpcText.Of(run.Outcome);

    private static string For(TaskTemplate template) => template.TargetCase switch
    {
        TaskTemplate.TargetOneofCase.AgentId => template.AgentId,
        TaskTemplate.TargetOneofCase.Any => $"any with {Of(template.Any)}",
        _ => $"all with {Of(template.All)}",
    };

    private static string Of(AgentSelection selection)
    {
        string[] words = [selection.Role, selection.Platform is Platform.Unspecified ? "" : RpcText.Of(selection.Platform), .. selection.Capabilities, .. selection.Tags];
        return string.Join(' ', words.Where(w => w.Length > 0));
    }
}
