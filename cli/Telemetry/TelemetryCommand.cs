using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace AgentPlatform.Cli.Telemetry;

/// <summary><c>agentctl telemetry</c>: what an agent measured, point by point or summed up in windows of time.</summary>
public static class TelemetryCommand
{
    private static readonly TimeSpan BackUnlessGiven = TimeSpan.FromHours(24);
    private static readonly string[] FieldsUnlessGiven = ["cpu_percent", "memory_bytes", "disk_bytes"];

    public static Command Create()
    {
        var agent = new Argument<string>("AGENT") { Description = "The agent's id." };
        var since = TimeOption.Create("--since", "Only what was measured from this time on; with --window a day ago unless given");
        var until = TimeOption.Create("--until", "Only what was measured before this time");
        var window = DurationOption.Create("--window", "Sums up in windows of this length: lowest, mean, highest and last value");
        var fields = new Option<string[]>("--field") { HelpName = "NAME", Description = $"With --window: which numbers; may be given more than once, {string.Join(", ", FieldsUnlessGiven)} unless given" };
        var (limit, json) = (LimitOption.Create(), JsonOption.Create("Each point, or window, as a line of JSON"));
        var command = new Command("telemetry", "Shows what an agent measured, newest first.") { agent, since, until, window, fields, limit, json };
        command.Validators.Add(given =>
        {
            if (given.GetResult(fields) is not null && given.GetResult(window) is null)
                given.AddError("--field goes with --window.");
        });
        return command.Calls((caller, parsed) =>
        {
            var (id, from, to) = (parsed.GetRequiredValue(agent), parsed.GetValue(since), parsed.GetValue(until));
            if (parsed.GetValue(window) is not { } length)
                return PointsAsync(caller, new QueryTelemetryRequest { AgentId = id, StartTime = from, EndTime = to }, parsed.GetValue(limit), parsed.GetValue(json));
            to ??= TimeProvider.System.GetUtcNow().ToTimestamp();
            return WindowsAsync(caller, new QueryTelemetryWindowsRequest
            {
                AgentId = id,
                StartTime = from ?? (to.ToDateTimeOffset() - BackUnlessGiven).ToTimestamp(),
                EndTime = to,
                Window = length,
                Fields = { parsed.GetValue(fields) is { Length: > 0 } named ? named : FieldsUnlessGiven },
            }, parsed.GetValue(limit), parsed.GetValue(json));
        });
    }

    private static Task<int> PointsAsync(GatewayCaller caller, QueryTelemetryRequest request, int limit, bool json) =>
        Listing.WriteAsync<TelemetryPoint>(limit, json, "Nothing was measured.", async (size, token) =>
        {
            (request.PageSize, request.PageToken) = (size, token);
            var page = await caller.Telemetry.QueryTelemetryAsync(request);
            return (page.Points, page.NextPageToken);
        }, points => Terminal.NewTable(["time (UTC)", "cpu %", "memory", "disk", "numbers", "details"], points.Select(Cells)));

    // All windows come at once: there are a thousand at most.
    private static Task<int> WindowsAsync(GatewayCaller caller, QueryTelemetryWindowsRequest request, int limit, bool json) =>
        Listing.WriteAsync<TelemetryWindow>(limit, json, "Nothing was measured.", async (_, _) => (((await caller.Telemetry.QueryTelemetryWindowsAsync(request)).Windows).Take(limit), ""), Windows);

    private static Table Windows(IReadOnlyList<TelemetryWindow> windows) => Terminal.NewTable(["from (UTC)", "field", "lowest", "mean", "highest", "last", "points"],
        from window in windows
        from field in window.Fields.OrderBy(f => f.Key, StringComparer.Ordinal)
        select new[] { AgentText.Time(window.StartTime), field.Key, Number(field.Value.Min), Number(field.Value.Avg), Number(field.Value.Max), Number(field.Value.Last), Number(field.Value.Count) });

    private static string[] Cells(TelemetryPoint point) =>
    [
        AgentText.Time(point.Time), point.HasCpuPercent ? Number(point.CpuPercent) : "", point.HasMemoryBytes ? Number(point.MemoryBytes) : "",
        point.HasDiskBytes ? Number(point.DiskBytes) : "", string.Join(' ', point.Numbers.OrderBy(n => n.Key, StringComparer.Ordinal).Select(n => $"{n.Key}={Number(n.Value)}")),
        point.Details is { Fields.Count: > 0 } ? AgentText.Json(point.Details) : "",
    ];

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
