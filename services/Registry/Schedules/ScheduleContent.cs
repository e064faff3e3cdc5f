using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>When a schedule fires, and what it makes: <paramref name="Template"/> is a TaskTemplate as JSON.</summary>
public sealed record ScheduleContent(
    string Cron, string TimeZone, MissedRunPolicy MissedRuns, DateTimeOffset? StartAt, DateTimeOffset? EndAt, string Description, string Template, OverlapPolicy Overlap)
{
    public ScheduleSpec ToProto() => new()
    {
        Cron = Cron,
        TimeZone = TimeZone,
        MissedRuns = MissedRuns,
        StartTime = StartAt?.ToTimestamp(),
        EndTime = EndAt?.ToTimestamp(),
        Description = Description,
        Template = TaskTemplate.Parser.ParseJson(Template),
        Overlap = Overlap,
    };
}
