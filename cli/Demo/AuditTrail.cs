using System.Globalization;
using AgentPlatform.Contracts.Audit.V1;
using Spectre.Console;

namespace AgentPlatform.Cli.Demo;

/// <summary>What the audit log says about one correlation id.</summary>
public static class AuditTrail
{
    private const int PageSize = 500;

    // Services hand their entries on within moments of the commit; a second is the longest in good health.
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>All entries, oldest first, once there are as many as there must be.</summary>
    public static async Task<IReadOnlyList<AuditEntry>> ReadAsync(GatewayCaller auditor, string correlationId, int expected, TimeProvider clock)
    {
        var giveUpAt = clock.GetUtcNow() + WaitTimeout;
        while (true)
        {
            var answer = await auditor.Audit.ListEntriesAsync(new ListEntriesRequest { CorrelationId = correlationId, PageSize = PageSize });
            if (answer.Entries.Count >= expected)
                return [.. answer.Entries.OrderBy(e => e.OccurTime)];
            if (clock.GetUtcNow() >= giveUpAt)
                throw new CliException($"{answer.Entries.Count} of {expected} entries are on the audit log after {WaitTimeout.TotalSeconds:0} s");
            await Task.Delay(LookEvery, clock);
        }
    }

    /// <summary>Prints them; a trace id leads to the dashboard where a terminal can follow links, else its address is printed.</summary>
    public static void Show(IEnumerable<AuditEntry> entries, string? dashboard)
    {
        var table = Terminal.NewTable("time (UTC)", "actor", "operation", "resource", "outcome", "authorized by", "ms", "trace");
        table.Columns[6].RightAligned();
        foreach (var entry in entries)
        {
            table.AddRow(
                new Text(entry.OccurTime.ToDateTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)),
                new Text(entry.Principal),
                new Text(entry.Operation),
                new Text(entry.Resource),
                new Text(RpcText.Of(entry.Outcome)),
                new Text(entry.AuthorizedBy),
                new Text(entry.ExecutionTimeMs.ToString("0.0", CultureInfo.InvariantCulture)),
                Trace(entry.TraceId, dashboard));
        }
        Terminal.Out.Write(table);
    }

    private static Text Trace(string traceId, string? dashboard) => dashboard is null || traceId.Length == 0 ? new Text(traceId)
        : Terminal.Out.Profile.Capabilities.Links ? new Text(traceId, new Style(link: Link(dashboard, traceId)))
        : new Text(Link(dashboard, traceId));

    private static string Link(string dashboard, string traceId) => $"{dashboard}/traces/detail/{traceId}";
}
