using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using static AgentPlatform.Contracts.Session.V1.RoleTaskStatus;

namespace AgentPlatform.Sessions;

/// <summary>What may be asked about dispatched tasks, and what a report makes of one. No I/O.</summary>
public static class DispatchRules
{
    public const int BatchMaximum = 100;
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(25);

    public static void Check(FetchDispatchesRequest request) => new FieldChecks()
        .Require(request.PageSize is >= 0 and <= BatchMaximum, "page_size", $"must be 1–{BatchMaximum}")
        .Require(request.Wait is null || IsBetween(request.Wait, LongestWait), "wait", $"must be 0–{LongestWait.TotalSeconds} s")
        .ThrowIfAny();

    // A duration may hold what no time span can.
    private static bool IsBetween(Duration wait, TimeSpan longest) =>
        wait is { Seconds: >= 0, Nanos: >= 0 and < 1_000_000_000 } && wait.Seconds <= longest.TotalSeconds && wait.ToTimeSpan() <= longest;

    public static Guid[] Check(AcknowledgeDispatchesRequest request)
    {
        var checks = new FieldChecks().Require(request.Ids.Count is >= 1 and <= BatchMaximum, "ids", $"must be 1–{BatchMaximum}");
        checks.ThrowIfAny();
        var ids = new Guid[request.Ids.Count];
        for (var i = 0; i < ids.Length; i++)
            checks.Id($"ids[{i}]", request.Ids[i], out ids[i]);
        checks.ThrowIfAny();
        return ids;
    }

    /// <summary>Checks reports, and reads the tasks' ids and the results.</summary>
    public static List<(Guid Id, TaskReport Report, string? ResultJson)> Check(ReportTasksRequest request)
    {
        var checks = new FieldChecks().Require(request.Reports.Count is >= 1 and <= BatchMaximum, "reports", $"must be 1–{BatchMaximum}");
        checks.ThrowIfAny();
        var reports = new List<(Guid, TaskReport, string?)>(request.Reports.Count);
        for (var i = 0; i < request.Reports.Count; i++)
        {
            var (report, field) = (request.Reports[i], $"reports[{i}]");
            var result = report is { Result: { } given } ? given : null;
            checks.Id($"{field}.task_id", report.TaskId, out var id)
                .Require(report.Version > 0, $"{field}.version", "must be positive")
                .Known($"{field}.status", report.Status)
                .Require(report.Status != RoleTaskStatus.Timeout, $"{field}.status", "is Session's own")
                .Require(report.ProgressPercent is >= 0 and <= TaskRules.WholePercent, $"{field}.progress_percent", "must be 0–100")
                .Require(result is null || report.Status == Completed, $"{field}.result", "goes with COMPLETED alone")
                .Json($"{field}.result", result, TaskRules.JsonMaximumBytes, out var json);
            if (report.AssignedTo.Length > 0)
                checks.DottedName($"{field}.assigned_to", report.AssignedTo);
            reports.Add((id, report, result is null ? null : json));
        }
        checks.Require(reports.Select(r => r.Item1).Distinct().Count() == reports.Count, "reports", "has a task twice");
        checks.ThrowIfAny();
        return reports;
    }

    /// <summary>The task after a report; null when it changes nothing.</summary>
    public static TaskRecord? Apply(TaskRecord task, TaskReport report, string? resultJson, DateTimeOffset now)
    {
        if (!task.Dispatch || task.IsEnded || report.Version <= task.RegistryVersion)
            return null;
        return task with
        {
            Status = report.Status,
            AssignedTo = report.AssignedTo,
            ProgressPercent = report.ProgressPercent,
            ProgressMessage = Cut(report.ProgressMessage, TaskRules.ProgressMessageMaximumCharacters),
            ResultJson = resultJson,
            Reason = Cut(report.Reason, TaskRules.ReasonMaximumCharacters),
            Version = task.Version + 1,
            RegistryVersion = report.Version,
            UpdatedAt = now,
            EndedAt = TaskRules.IsEnded(report.Status) ? now : null,
        };
    }

    private static string Cut(string text, int maximum) => text.Length <= maximum ? text : text[..(char.IsHighSurrogate(text[maximum - 1]) ? maximum - 1 : maximum)];
}
