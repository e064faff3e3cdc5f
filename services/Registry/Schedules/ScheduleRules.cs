using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>What a schedule may be, and which of its ticks is taken. No I/O.</summary>
public static class ScheduleRules
{
    public const int TextMaximumCharacters = 1_000;
    public const int PreviewMaximum = 100;

    /// <summary>The most missed ticks that are made up for.</summary>
    public const int CatchUpMaximum = 100;

    public const string StillOpen = "STILL_OPEN";
    public const string ZoneUnknown = "ZONE_UNKNOWN";
    private const int PreviewUnlessGiven = 10;
    private const string Utc = "UTC";
    private static readonly string[] TimetablePaths = ["cron", "time_zone", "start_time", "end_time"];
    private static readonly string[] Changeable = [.. TimetablePaths, "missed_runs", "overlap", "description", "template"];
    private static readonly FieldMask.MergeOptions Replace = new() { ReplaceMessageFields = true, ReplacePrimitiveFields = true, ReplaceRepeatedFields = true };

    /// <summary>Checks a new schedule; gives back its content and its first tick.</summary>
    public static ScheduleContent Check(CreateScheduleRequest request, DateTimeOffset now, out DateTimeOffset first)
    {
        var checks = new FieldChecks().DottedName("name", request.Name).Require(request.Spec is not null, "spec", "is required");
        var next = request.Spec is { } spec ? Check(spec, checks.Within("spec"), now) : null;
        checks.ThrowIfAny();
        first = next!.Value;
        return ContentOf(request.Spec!);
    }

    public static void Check(UpdateScheduleRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .Require(request.UpdateMask is { Paths.Count: > 0 }, "update_mask", "is required")
        .Require(request.UpdateMask is null || request.UpdateMask.Paths.All(Changeable.Contains), "update_mask", $"may name {string.Join(", ", Changeable)} alone")
        .Require(request.Spec is not null, "spec", "is required")
        .Require(request.Version >= 0, "version", "is negative")
        .ThrowIfAny();

    /// <summary>The schedule with what the mask names taken over. A timetable that changes counts from now on; else the next tick stays what it is.</summary>
    public static ScheduleRecord Apply(ScheduleRecord schedule, UpdateScheduleRequest request, DateTimeOffset now)
    {
        CheckVersion(schedule, request.Version);
        var spec = schedule.Content.ToProto();
        request.UpdateMask.Merge(request.Spec, spec, Replace);
        var isRetimed = request.UpdateMask.Paths.Any(TimetablePaths.Contains);
        var checks = new FieldChecks();
        // What had its last tick can be described anew all the same.
        var next = Check(spec, checks.Within("spec"), isRetimed ? now : null);
        checks.ThrowIfAny();
        return Changed(schedule, now) with { Content = ContentOf(spec), NextAt = isRetimed && schedule.Enabled ? next : schedule.NextAt };
    }

    public static void Check(PauseScheduleRequest request, out Guid id) => new FieldChecks().Id("id", request.Id, out id)
        .Require(request.Version >= 0, "version", "is negative").Text("reason", request.Reason, TextMaximumCharacters).ThrowIfAny();

    public static void Check(ResumeScheduleRequest request, out Guid id) => new FieldChecks().Id("id", request.Id, out id)
        .Require(request.Version >= 0, "version", "is negative").ThrowIfAny();

    public static ScheduleRecord Pause(ScheduleRecord schedule, string reason, DateTimeOffset now) => schedule.Enabled
        ? Changed(schedule, now) with { Enabled = false, PauseReason = reason, NextAt = null } : schedule;

    public static ScheduleRecord Resume(ScheduleRecord schedule, DateTimeOffset now)
    {
        if (schedule.Enabled)
            return schedule;
        var next = TimetableOf(schedule).NextAfter(now) ?? throw Errors.FailedPrecondition("SCHEDULE_ENDED", $"Schedule {schedule.Id} has no tick left.");
        return Changed(schedule, now) with { Enabled = true, PauseReason = "", NextAt = next };
    }

    /// <summary>Its timetable; refused where it can no longer be read.</summary>
    public static Timetable TimetableOf(ScheduleRecord schedule) => Timetable.Of(schedule.Content)
        ?? throw Errors.FailedPrecondition(ZoneUnknown, $"The time zone {schedule.Content.TimeZone} is not known here.");

    public static void CheckVersion(ScheduleRecord schedule, long expected)
    {
        if (expected != 0 && expected != schedule.Version)
            throw Errors.ConcurrentUpdate($"Schedule {schedule.Id}");
    }

    public static void Check(ListSchedulesRequest request)
    {
        if (request.Name.Length > 0)
            new FieldChecks().DottedName("name", request.Name).ThrowIfAny();
    }

    public static void Check(ListScheduleRunsRequest request, out Guid scheduleId) => new FieldChecks()
        .Id("schedule_id", request.ScheduleId, out scheduleId).KnownOrUnspecified("outcome", request.Outcome).ThrowIfAny();

    /// <summary>Checks what to preview: a schedule's id, or else the timetable that the request has itself.</summary>
    public static (Guid? Id, Timetable? Timetable, int Count, DateTimeOffset After) Check(PreviewScheduleRequest request, DateTimeOffset now)
    {
        var isNew = request.Cron.Length > 0 || request.TimeZone.Length > 0 || request.StartTime is not null || request.EndTime is not null;
        var checks = new FieldChecks()
            .OptionalId("id", request.Id, out var id)
            .Require(id is null || !isNew, "id", "goes with no cron, time_zone, start_time or end_time")
            .Time("start_time", request.StartTime, out var start)
            .Time("end_time", request.EndTime, out var end)
            .Time("after_time", request.AfterTime, out var after)
            .Require(request.Count is >= 0 and <= PreviewMaximum, "count", $"must be 1 to {PreviewMaximum}");
        var timetable = request.Id.Length > 0 ? null : Timetable.Read(checks, request.Cron, ZoneOf(request.TimeZone), start, end);
        if (timetable is not null)
            CheckFires(checks, timetable, now);
        checks.ThrowIfAny();
        return (id, timetable, request.Count == 0 ? PreviewUnlessGiven : request.Count, after ?? now);
    }

    /// <summary>What to do about a schedule whose next tick has come. One tick at a time, so that no transaction is large.</summary>
    public static DueStep Next(ScheduleRecord schedule, Timetable timetable, DateTimeOffset now, TimeSpan missedAfter)
    {
        var due = schedule.NextAt!.Value;
        var onTimeFrom = now - missedAfter;
        // Zones change their rules: a tick that was told by the old ones counts, though the new ones do not name it.
        var tick = due >= onTimeFrom ? due : schedule.Content.MissedRuns switch
        {
            MissedRunPolicy.All => timetable.Last(due, now, CatchUpMaximum).FirstOrDefault(due),
            MissedRunPolicy.Once => timetable.Last(due, onTimeFrom.AddTicks(-1), 1).FirstOrDefault(due),
            _ => timetable.NextFrom(onTimeFrom) is { } first && first <= now ? first : (DateTimeOffset?)null,
        };
        var next = timetable.NextAfter(tick ?? now);
        return new DueStep(tick > due || tick is null ? due : null, tick ?? next, tick, next);
    }

    /// <summary>The task that a template stands for.</summary>
    public static CreateTaskRequest RequestOf(TaskTemplate template)
    {
        var request = new CreateTaskRequest { Task = template.Task };
        switch (template.TargetCase)
        {
            case TaskTemplate.TargetOneofCase.AgentId:
                request.AgentId = template.AgentId;
                break;
            case TaskTemplate.TargetOneofCase.Any:
                request.Any = template.Any;
                break;
            case TaskTemplate.TargetOneofCase.All:
                request.All = template.All;
                break;
        }
        return request;
    }

    /// <summary>Refuses an agent for which tasks would pile up that nobody ever takes.</summary>
    public static void CheckMayGetTasks(AgentRecord? agent, string id)
    {
        if (agent is null)
            throw AgentTaskRules.UnknownAgent();
        if (agent.Status is AgentStatus.Deregistered)
            throw Errors.FailedPrecondition("AGENT_DEREGISTERED", $"Agent {id} is deregistered.");
    }

    /// <summary>What the task of a tick is known by, to be made once.</summary>
    public static string OriginOf(Guid scheduleId, DateTimeOffset tick) => $"schedule/{scheduleId}/{tick.UtcDateTime:yyyy-MM-dd'T'HH:mm'Z'}";

    public static PlatformException NotFound(Guid id) => Errors.NotFound("SCHEDULE_NOT_FOUND", $"There is no schedule {id}.");

    public static PlatformException Exists() => Errors.AlreadyExists("SCHEDULE_EXISTS", "There is a schedule of this name.");

    // The first tick is looked for, and must be there, where a time is given.
    private static DateTimeOffset? Check(ScheduleSpec spec, FieldChecks checks, DateTimeOffset? now)
    {
        checks.Time("start_time", spec.StartTime, out var start).Time("end_time", spec.EndTime, out var end)
            .KnownOrUnspecified("missed_runs", spec.MissedRuns)
            .KnownOrUnspecified("overlap", spec.Overlap)
            .Text("description", spec.Description, TextMaximumCharacters)
            .Require(spec.Template is not null, "template", "is required");
        if (spec.Template is { } template)
            AgentTaskChecks.Read(RequestOf(template), checks.Within("template")
                .Require(template.Task?.NotBefore is null, "task.not_before", "is what the schedule says")
                .Require((template.Task?.Origin ?? "").Length == 0, "task.origin", "is what the schedule says"));
        var timetable = Timetable.Read(checks, spec.Cron, ZoneOf(spec.TimeZone), start, end);
        return timetable is not null && now is { } after ? CheckFires(checks, timetable, after) : null;
    }

    private static DateTimeOffset? CheckFires(FieldChecks checks, Timetable timetable, DateTimeOffset after)
    {
        var first = timetable.NextAfter(after);
        if (first is not null)
            return first;
        var isEmpty = timetable.Endless.NextAfter(after) is null;
        checks.Require(false, isEmpty ? "cron" : "end_time", isEmpty ? "never fires" : "comes before the first tick");
        return null;
    }

    private static ScheduleContent ContentOf(ScheduleSpec spec) => new(
        spec.Cron, ZoneOf(spec.TimeZone), spec.MissedRuns is MissedRunPolicy.Unspecified ? MissedRunPolicy.Once : spec.MissedRuns,
        Cut(spec.StartTime), Cut(spec.EndTime), spec.Description, JsonFormatter.Default.Format(spec.Template),
        spec.Overlap is OverlapPolicy.Unspecified ? OverlapPolicy.Allow : spec.Overlap);

    // To the microseconds that Postgres keeps: what is answered now is what is read later.
    private static DateTimeOffset? Cut(Timestamp? time) =>
        time?.ToDateTimeOffset() is { } whole ? whole.AddTicks(-(whole.Ticks % TimeSpan.TicksPerMicrosecond)) : null;

    private static string ZoneOf(string timeZone) => timeZone.Length == 0 ? Utc : timeZone;

    private static ScheduleRecord Changed(ScheduleRecord schedule, DateTimeOffset now) => schedule with { UpdatedAt = now, Version = schedule.Version + 1 };
}
