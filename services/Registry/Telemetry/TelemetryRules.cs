using System.Globalization;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>What a point may be, and how much may be asked for. No I/O.</summary>
public static class TelemetryRules
{
    public const int MaximumPoints = 1_000;
    public const int MaximumNumbers = 64;
    public const int DetailsMaximumBytes = 16 * 1024;
    public const int MaximumWindows = 1_000;
    public const int MaximumFields = 8;

    /// <summary>So long an agent may have been cut off and still tell what was.</summary>
    public static readonly TimeSpan LongestAgo = TimeSpan.FromDays(7);

    // The clocks of two machines differ.
    private static readonly TimeSpan FarthestAhead = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestRange = TimeSpan.FromDays(31);
    private static readonly string[] OwnFields = ["cpu_percent", "memory_bytes", "disk_bytes"];

    /// <summary>The points as rows.</summary>
    public static List<TelemetryRecord> Read(IReadOnlyList<TelemetryPoint> points, string agentId, DateTimeOffset now)
    {
        if (points.Count is 0 or > MaximumPoints)
            throw Errors.InvalidArgument("points", points.Count == 0 ? "is required" : $"has {points.Count:N0} points; at most {MaximumPoints:N0} are allowed");
        var rows = new List<TelemetryRecord>(points.Count);
        for (var i = 0; i < points.Count; i++)
        {
            var point = points[i];
            var checks = new FieldChecks($"points[{i}].");
            var (time, details) = Check(checks, point, now);
            checks.ThrowIfAny();
            rows.Add(new TelemetryRecord(
                agentId, time, point.Sequence, point.HasCpuPercent ? point.CpuPercent : null, point.HasMemoryBytes ? point.MemoryBytes : null,
                point.HasDiskBytes ? point.DiskBytes : null, NumbersOf(point), details, now));
        }
        return rows;
    }

    public static void Check(QueryTelemetryRequest request, out DateTimeOffset? startAt, out DateTimeOffset? endAt) => new FieldChecks()
        .DottedName("agent_id", request.AgentId)
        .Time("start_time", request.StartTime, out startAt)
        .Time("end_time", request.EndTime, out endAt)
        .Require(startAt is null || endAt is null || startAt < endAt, "end_time", "is not after start_time")
        .ThrowIfAny();

    public static void Check(QueryTelemetryWindowsRequest request, out DateTimeOffset startAt, out DateTimeOffset endAt, out TimeSpan window)
    {
        var checks = new FieldChecks()
            .DottedName("agent_id", request.AgentId)
            .Require(request.StartTime is not null, "start_time", "is required")
            .Require(request.EndTime is not null, "end_time", "is required")
            .Time("start_time", request.StartTime, out var start)
            .Time("end_time", request.EndTime, out var end)
            .Require(start is null || end is null || start < end && end - start <= LongestRange, "end_time", $"must be after start_time, by {LongestRange.Days} days at most")
            .Require(request.Fields.Count is > 0 and <= MaximumFields, "fields", $"must be 1 to {MaximumFields}")
            .Require(request.Window is { Seconds: > 0, Nanos: 0 } && request.Window.Seconds <= LongestRange.TotalSeconds, "window", "must be whole seconds, a second to 31 days");
        foreach (var (i, field) in request.Fields.Take(MaximumFields).Index())
            checks.Name($"fields[{i}]", field);
        checks.ThrowIfAny();
        (startAt, endAt, window) = (start!.Value, end!.Value, TimeSpan.FromSeconds(request.Window.Seconds));
        if ((endAt - startAt) / window > MaximumWindows)
            throw Errors.InvalidArgument("window", $"makes more than {MaximumWindows:N0} windows");
    }

    /// <summary>Where the page goes on; null on the first.</summary>
    public static TelemetryKey? KeyOf(PageRequest page, string agentId) => page.After is null ? null
        : TelemetryKey.TryParse(agentId, page.After) ?? throw Errors.InvalidArgument("page_token", "is not a token that this list gave with these filters");

    private static (DateTimeOffset Time, string Details) Check(FieldChecks checks, TelemetryPoint point, DateTimeOffset now)
    {
        checks.Require(point.Time is not null, "time", "is required")
            .Time("time", point.Time, out var time)
            .Require(time is null || time >= now - LongestAgo, "time", $"is more than {LongestAgo.Days} days ago")
            .Require(time is null || time <= now + FarthestAhead, "time", $"is more than {FarthestAhead.Minutes} minutes ahead")
            .Require(point.Sequence >= 0, "sequence", "is negative")
            .Require(!point.HasCpuPercent || point.CpuPercent is >= 0 and <= 100, "cpu_percent", "must be 0 to 100")
            .Require(!point.HasMemoryBytes || point.MemoryBytes >= 0, "memory_bytes", "is negative")
            .Require(!point.HasDiskBytes || point.DiskBytes >= 0, "disk_bytes", "is negative")
            .Require(point.Numbers.Count <= MaximumNumbers, "numbers", $"has {point.Numbers.Count:N0} numbers; at most {MaximumNumbers} are allowed")
            .Json("details", point.Details, DetailsMaximumBytes, out var details);
        foreach (var (name, value) in point.Numbers.Take(MaximumNumbers))
            checks.Name($"numbers[\"{name}\"]", name)
                .Require(!OwnFields.Contains(name), $"numbers[\"{name}\"]", "has a field of its own")
                .Require(double.IsFinite(value), $"numbers[\"{name}\"]", "is not a finite number");
        // To the microsecond, as it is kept: or a point that is sent again would be another.
        return (time is { } t ? t.AddTicks(-(t.Ticks % TimeSpan.TicksPerMicrosecond)) : default, details);
    }

    private static string NumbersOf(TelemetryPoint point) => point.Numbers.Count == 0 ? "{}"
        : $"{{{string.Join(',', point.Numbers.Select(n => string.Create(CultureInfo.InvariantCulture, $"\"{n.Key}\":{n.Value:R}")))}}}";
}
