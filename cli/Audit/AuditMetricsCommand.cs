using System.CommandLine;
using System.Globalization;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace AgentPlatform.Cli.Audit;

/// <summary><c>agentctl audit metrics</c>: calls, errors and times, out of the log.</summary>
public static class AuditMetricsCommand
{
    public static Command Create()
    {
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only this agent's" };
        var operation = new Option<string>("--operation") { HelpName = "NAME", Description = "Only this operation, or all of a noun: 'costing.*'" };
        var from = TimeOption.Create("--from", "Counts from this time on, 24 hours before --to unless given");
        var to = TimeOption.Create("--to", "Counts up to this time, now unless given");
        var window = new Option<TimeSpan?>("--window")
        {
            HelpName = "LENGTH",
            Description = "A row for every so long: 5m, 1h, 1d. Unless given: one for the whole time",
            CustomParser = result =>
            {
                if (DurationText.TryParse(result.Tokens.Single().Value, out var length))
                    return length;
                result.AddError($"'{result.Tokens.Single().Value}' is no length of time: a number and s, m, h or d, at most 365d.");
                return null;
            },
        };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("metrics", "Shows calls, the share of errors, and times, by agent and operation.") { agent, operation, from, to, window, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var request = new GetPerformanceMetricsRequest
            {
                AgentId = parsed.GetValue(agent) ?? "",
                Operation = parsed.GetValue(operation) ?? "",
                StartTime = parsed.GetValue(from),
                EndTime = parsed.GetValue(to),
                Window = parsed.GetValue(window)?.ToDuration(),
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Auditor, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, request);
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, GetPerformanceMetricsRequest request)
    {
        var answer = await caller.Audit.GetPerformanceMetricsAsync(request);
        if (answer.Metrics.Count == 0)
        {
            Console.Error.WriteLine("Nothing was recorded in that time.");
            return ExitCode.Ok;
        }
        var table = Terminal.NewTable("agent", "operation", "from (UTC)", "calls", "errors", "mean ms", "p50 ms", "p95 ms", "p99 ms");
        foreach (var column in table.Columns.Skip(3))
            column.RightAligned();
        foreach (var metric in answer.Metrics)
        {
            table.AddRow(
                new Text(metric.AgentId),
                new Text(metric.Operation),
                new Text(metric.WindowStart.ToDateTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)),
                Number(metric.CallCount, "0"),
                new Text(metric.ErrorRate.ToString("0.0 %", CultureInfo.InvariantCulture)),
                Number(metric.MeanMs, "0.0"), Number(metric.P50Ms, "0.0"), Number(metric.P95Ms, "0.0"), Number(metric.P99Ms, "0.0"));
        }
        Terminal.Out.Write(table);
        return ExitCode.Ok;
    }

    private static Text Number(double value, string format) => new(value.ToString(format, CultureInfo.InvariantCulture));
}
