using System.CommandLine;
using AgentPlatform.Contracts.Registry.V1;
using Timestamp = Google.Protobuf.WellKnownTypes.Timestamp;

namespace AgentPlatform.Cli.Schedules;

/// <summary>The options that say when a schedule fires.</summary>
public sealed class SpecOptions
{
    private readonly Option<string> _zone = new("--zone") { HelpName = "NAME", Description = "Whose clocks count, as 'Africa/Johannesburg'; UTC unless given" };
    private readonly Option<MissedRunPolicy> _missed = EnumOption.Create<MissedRunPolicy>("--missed", "What becomes of ticks that were missed; once unless given");
    private readonly Option<OverlapPolicy> _overlap = EnumOption.Create<OverlapPolicy>("--overlap", "What becomes of a tick while a task of the run before has not ended; allow unless given");
    private readonly Option<Timestamp?> _start = TimeOption.CreateAbsolute("--start", "No tick before this time");
    private readonly Option<Timestamp?> _end = TimeOption.CreateAbsolute("--end", "No tick at this time or after it");
    private readonly Option<string> _description = new("--description") { HelpName = "TEXT", Description = "For people" };

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [_zone, _missed, _overlap, _start, _end, _description];

    /// <summary>What the command line asks for, and the fields of it that are given.</summary>
    public (ScheduleSpec Spec, IReadOnlyList<string> Given) Read(ParseResult parsed)
    {
        var spec = new ScheduleSpec
        {
            TimeZone = parsed.GetValue(_zone) ?? "",
            MissedRuns = parsed.GetValue(_missed),
            Overlap = parsed.GetValue(_overlap),
            StartTime = parsed.GetValue(_start),
            EndTime = parsed.GetValue(_end),
            Description = parsed.GetValue(_description) ?? "",
        };
        (Option Option, string Field)[] fields = [(_zone, "time_zone"), (_missed, "missed_runs"), (_overlap, "overlap"), (_start, "start_time"), (_end, "end_time"), (_description, "description")];
        return (spec, [.. fields.Where(f => parsed.GetResult(f.Option) is not null).Select(f => f.Field)]);
    }
}
